import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sweep } from '../lib/down/sweep.ts';
import { cacheDir } from '../../test/fixtures/images/inputs.ts';
import type { PrivateDaemon } from './private-containerd.ts';
import { Service } from './service.ts';

const bridge = 'crkbench0';

/** This checkout's Cricket, built as it is installed, with root, state, socket, network and cgroup of its own. */
export async function startPrivateCricket(dir: string, certsDir: string, cgroup: string): Promise<PrivateDaemon> {
  const built = join(cacheDir(), 'bench-install');
  execFileSync(join(import.meta.dirname, '../install'), ['--root', built], { stdio: ['ignore', 'inherit', 'inherit'] });
  const at = (name: string) => join(dir, name);
  mkdirSync(dir, { recursive: true });
  writeFileSync(at('cricket.toml'), configOf(certsDir, cgroup));
  const endpoint = `unix://${at('cricket.sock')}`;
  const flags = ['--config', at('cricket.toml'), '--root', at('root'), '--state', at('state')];
  const service = new Service({
    command: [join(built, 'usr/lib/cricket/current/bin/cricket'), 'serve', ...flags, '--socket', at('cricket.sock')],
    endpoint,
    logFile: at('cricket.log'),
  });
  const stop = async () => {
    await service.end();
    for (const what of await sweep({ root: at('root'), state: at('state'), cgroup, bridge, instance: instanceOf(dir) }))
      if (!/^(link|nft table|cgroup) /.test(what)) console.error(`bench: cricket left ${what}`);
  };
  try {
    await service.start(0);
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, service, stop };
}

function configOf(certsDir: string, cgroup: string): string {
  return `[cgroup]
parent = ${JSON.stringify(cgroup)}
[images]
certs_dir = ${JSON.stringify(certsDir)}
[network]
mode = "built-in"
bridge = "${bridge}"
ranges = ["10.87.0.0/16"]
[metrics]
address = ""
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
