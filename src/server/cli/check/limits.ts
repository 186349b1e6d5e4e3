import { ok, warn } from './finding.ts';
import type { CheckName, Finding } from './finding.ts';
import type { Host } from './host.ts';

interface Limit {
  readonly name: CheckName;
  readonly path: string;
  /** Below it a full node runs short. */
  readonly least: number;
  readonly sysctl: string;
  readonly why: string;
}

const limits: readonly Limit[] = [
  {
    name: 'inotify instances',
    path: '/proc/sys/fs/inotify/max_user_instances',
    least: 512,
    sysctl: 'fs.inotify.max_user_instances=8192',
    why: 'containers share them; Cricket itself takes one',
  },
  {
    name: 'inotify watches',
    path: '/proc/sys/fs/inotify/max_user_watches',
    least: 65536,
    sysctl: 'fs.inotify.max_user_watches=524288',
    why: 'containers that watch files share them',
  },
  {
    name: 'pid_max',
    path: '/proc/sys/kernel/pid_max',
    least: 65536,
    sysctl: 'kernel.pid_max=4194304',
    why: 'all processes and threads of the node share them',
  },
  {
    name: 'keyring keys',
    path: '/proc/sys/kernel/keys/root_maxkeys',
    least: 10000,
    sysctl: 'kernel.keys.root_maxkeys=1000000',
    why: 'each container of a runtime with session keyrings takes one',
  },
];

/** Limits of the kernel that many containers meet together. */
export async function checkLimits(host: Host): Promise<readonly Finding[]> {
  return Promise.all(limits.map((limit) => checkLimit(host, limit)));
}

async function checkLimit(host: Host, { name, path, least, sysctl, why }: Limit): Promise<Finding> {
  const text = (await host.read(path))?.trim();
  if (text === undefined) return ok(name, 'no such limit in this kernel');
  return Number(text) >= least ? ok(name, text) : warn(name, text, `sysctl -w ${sysctl}; ${why}`);
}
