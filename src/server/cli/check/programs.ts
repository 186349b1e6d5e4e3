import type { Config, RuntimeConfig } from '../../config/schema.ts';
import { failed, ok, warn } from './finding.ts';
import type { CheckName, Finding } from './finding.ts';
import type { Host } from './host.ts';

/** The programs that Cricket drives: there, new enough, with which features. */
export async function checkPrograms(host: Host, config: Config): Promise<readonly Finding[]> {
  const runtimes = Object.entries(config.runtimes).map(([name, runtime]) =>
    checkRuntime(host, name, runtime, name === config.defaultRuntime),
  );
  return Promise.all([...runtimes, conmon(host, config.conmon.path), init(host, config.init.path), nft(host, config)]);
}

async function checkRuntime(host: Host, name: string, runtime: RuntimeConfig, isDefault: boolean): Promise<Finding> {
  const label: CheckName = isDefault ? `runtime ${name} (default)` : `runtime ${name}`;
  const install = `install ${name}, or set runtimes.${name}.path`;
  if (!(await host.executable(runtime.path))) {
    const found = `${runtime.path} is not there`;
    return isDefault ? failed(label, found, install) : warn(label, found, `${install}; pods that name it will fail`);
  }
  const version = versionIn((await host.run(runtime.path, '--version'))?.stdout);
  if (version === undefined) return failed(label, `${runtime.path} does not tell its version`, install);
  return ok(label, `${version}, ${await features(host, runtime.path)}`);
}

/** Runtimes since crun 1.20 and runc 1.1 list what they can do; older ones get the oldest config.json that serves. */
async function features(host: Host, path: string): Promise<string> {
  const told = await host.run(path, 'features');
  if (told?.code !== 0) return 'features unknown (it has no such command)';
  const newest = /"ociVersionMax":\s*"([^"]+)"/.exec(told.stdout)?.[1] ?? 'unknown';
  const extras = ['idmap', 'rro'].filter((word) => told.stdout.includes(`"${word}"`));
  return `OCI up to ${newest}${extras.length > 0 ? `, mounts: ${extras.join(' ')}` : ''}`;
}

async function conmon(host: Host, path: string): Promise<Finding> {
  const install = 'install conmon 2.1 or newer, or set conmon.path';
  if (!(await host.executable(path))) return failed('conmon', `${path} is not there`, install);
  const version = versionIn((await host.run(path, '--version'))?.stdout);
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  if (version === undefined || major * 1000 + minor < 2001) return failed('conmon', version ?? 'no version', install);
  return ok('conmon', version);
}

async function init(host: Host, path: string): Promise<Finding> {
  if (await host.executable(path)) return ok('init', path);
  const advice = 'install catatonit, or set init.path; pods with shareProcessNamespace fail without it';
  return warn('init', `${path} is not there`, advice);
}

async function nft(host: Host, config: Config): Promise<Finding> {
  const ran = await host.run('nft', 'list', 'tables');
  const report = config.network.mode === 'cni' ? warn : failed;
  const consequence = 'pods of the built-in network reach nothing outside without it';
  if (ran === undefined) return report('nftables', 'nft is not there', `install nftables; ${consequence}`);
  if (ran.code !== 0)
    return report(
      'nftables',
      ran.stderr.trim().split('\n')[0] ?? '',
      `run a kernel with CONFIG_NF_TABLES; ${consequence}`,
    );
  return ok('nftables', versionIn((await host.run('nft', '--version'))?.stdout) ?? 'there');
}

/** `1.8.1` in `crun version 1.8.1`. */
function versionIn(text: string | undefined): string | undefined {
  return /\bv?(\d+\.\d+(?:\.\d+)?\S*)/.exec(text ?? '')?.[1];
}
