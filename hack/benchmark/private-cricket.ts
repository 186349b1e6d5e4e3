import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sweep } from '../lib/down/sweep.ts';
import { cacheDir } from '../../test/fixtures/images/inputs.ts';
import { nftTables } from '../../test/leftovers/kernel.ts';
import { cniChain, removeChain } from './chain.ts';
import { openPluginsAlone } from './plugins-alone.ts';
import type { PrivateDaemon } from './private-containerd.ts';
import { Service } from './service.ts';

const bridge = 'crkbench0';
const cniBridge = 'crkbench2';

interface PrivateCricketOptions {
  readonly dir: string;
  readonly certsDir: string;
  readonly cgroup: string;
  /** On a chain of CNI plugins, the same as containerd's. */
  readonly withCni: boolean;
}

/** This checkout's Cricket, built as it is installed, with root, state, socket, network and cgroup of its own. */
export async function startPrivateCricket(options: PrivateCricketOptions): Promise<PrivateDaemon> {
  const { dir, cgroup, withCni } = options;
  const tablesBefore = nftTables();
  const built = join(cacheDir(), 'bench-install');
  execFileSync(join(import.meta.dirname, '../install'), ['--root', built], { stdio: ['ignore', 'inherit', 'inherit'] });
  const at = (name: string) => join(dir, name);
  mkdirSync(dir, { recursive: true });
  writeFileSync(at('cricket.toml'), configOf(options));
  const endpoint = `unix://${at('cricket.sock')}`;
  const flags = ['--config', at('cricket.toml'), '--root', at('root'), '--state', at('state')];
  const service = new Service({
    command: [join(built, 'usr/lib/cricket/current/bin/cricket'), 'serve', ...flags, '--socket', at('cricket.sock')],
    endpoint,
    logFile: at('cricket.log'),
  });
  const chain = cniChain(dir, cniBridge, '10.88.0.0/16');
  if (withCni) {
    mkdirSync(at('net.d'));
    writeFileSync(at('net.d/10-bench.conflist'), JSON.stringify(chain));
  }
  const plugins = withCni ? await openPluginsAlone(dir, chain) : undefined;
  const stop = async () => {
    await plugins?.[Symbol.asyncDispose]();
    await service.end();
    if (withCni) removeChain(cniBridge, tablesBefore);
    for (const what of await sweep({ root: at('root'), state: at('state'), cgroup, bridge, instance: instanceOf(dir) }))
      if (!/^(link|nft table|cgroup) /.test(what)) console.error(`bench: cricket left ${what}`);
  };
  try {
    await service.start(0);
  } catch (error) {
    await stop();
    throw error;
  }
  const metrics = { socketPath: metricsSocket(dir), path: '/metrics' };
  return { endpoint, service, metrics, stop, ...(plugins === undefined ? {} : { plugins }) };
}

const metricsSocket = (dir: string) => join(dir, 'metrics.sock');

function configOf({ dir, certsDir, cgroup, withCni }: PrivateCricketOptions): string {
  return `[cgroup]
parent = ${JSON.stringify(cgroup)}
[images]
certs_dir = ${JSON.stringify(certsDir)}
[network]
mode = "${withCni ? 'cni' : 'built-in'}"
cni_conf_dir = ${JSON.stringify(join(dir, 'net.d'))}
bridge = "${bridge}"
ranges = ["10.87.0.0/16"]
[metrics]
address = "unix://${metricsSocket(dir)}"
[log]
level = "info"
`;
}

function instanceOf(dir: string): string | undefined {
  try {
    return readFileSync(join(dir, 'root/instance'), 'utf8').trim();
  } catch {
    return undefined;
  }
}
