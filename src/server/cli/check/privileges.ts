import { capabilitiesFrom } from '../../../linux/capabilities.ts';
import { failed, ok, warn } from './finding.ts';
import type { Finding } from './finding.ts';
import type { Host } from './host.ts';

/** What follows when the daemon lacks a capability; those without a line only cannot be given to containers. */
const consequences: Readonly<Record<string, string>> = {
  CAP_SYS_RESOURCE:
    'no oom_score_adj below the one of the daemon and no hard limit above its own can be set; Cricket keeps to what it may',
  CAP_SYS_PTRACE: 'processes of other users cannot be looked at',
  CAP_MKNOD: 'devices of containers are bind-mounted from the host',
  CAP_SETFCAP: 'file capabilities of images are lost',
};

/** Without these no pod can be made at all. */
const vital: ReadonlySet<string> = new Set([
  'CAP_SYS_ADMIN',
  'CAP_NET_ADMIN',
  'CAP_CHOWN',
  'CAP_SETUID',
  'CAP_SETGID',
  'CAP_DAC_OVERRIDE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
]);

/** Root, and the capabilities that the bounding set leaves it. */
export async function checkPrivileges(host: Host): Promise<readonly Finding[]> {
  if (host.uid !== 0) return [failed('root', `user ${host.uid}`, 'run as root: sudo cricket check')];
  const status = await host.read('/proc/self/status');
  const last = await host.read('/proc/sys/kernel/cap_last_cap');
  if (status === undefined || last === undefined)
    return [failed('capabilities', '/proc is not mounted', 'mount /proc')];
  const { known, grantable } = capabilitiesFrom(status, Number(last));
  const absent = known.filter((name) => !grantable.includes(name));
  if (absent.length === 0) return [ok('capabilities', 'all')];
  return absent.map((name) => {
    const about = `CAP_${name.slice('CAP_'.length)}` as const;
    if (vital.has(name))
      return failed(about, 'not in the bounding set', 'start the daemon where it has this capability');
    const follows = consequences[name] ?? 'containers that ask for it do not get it';
    return warn(about, 'not in the bounding set', `${follows}; a less confined host or unit has it`);
  });
}
