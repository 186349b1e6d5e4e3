import { failed } from './finding.ts';
import type { Finding } from './finding.ts';
import type { Host } from './host.ts';

const root = ['stat', '-c', '%d:%i', '/'] as const;

/**
 * A root by chroot(2) alone. Who joins a mount namespace (setns(2)) gets that namespace's root: in a container whose
 * runtime was in a chroot that is not the container's, and `exec` would run its commands outside of all of it.
 */
export async function checkChroot(host: Host): Promise<readonly Finding[]> {
  const [stat, ...args] = root;
  const ours = await host.run(stat, ...args);
  const joined = await host.run('nsenter', '--mount=/proc/self/ns/mnt', ...root);
  if (ours?.code !== 0 || joined?.code !== 0 || ours.stdout === joined.stdout) return [];
  const found = 'the root here is a directory of another root: exec would run commands there, not in containers';
  return [failed('chroot', found, 'enter it by systemd-nspawn -b -D DIRECTORY, or boot it')];
}
