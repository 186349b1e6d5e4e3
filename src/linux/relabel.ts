import { readdirSync, realpathSync } from 'node:fs';
import { errnoOf, fail } from '../base/errors.ts';
import { changeXattr, readXattr } from './fs-xattr.ts';

const attribute = 'security.selinux';

/** Programs of the host would lose their access to these. */
const guarded: ReadonlySet<string> = new Set(
  '/ /bin /boot /dev /etc /home /lib /lib64 /media /mnt /opt /proc /root /run /sbin /srv /sys /tmp /usr /var'
    .concat(' /etc/passwd /etc/pki /etc/shadow /usr/bin /usr/lib /usr/sbin /var/lib /var/log /var/run')
    .split(' '),
);

/**
 * Gives what the path leads to, and all beneath it, this SELinux label; answers how many had another. Most have it
 * already when a second container mounts a volume: only what differs is written. Links are not followed.
 * Where the file system keeps no labels nothing is done. Errors: `invalid_argument` for a directory of the system.
 */
export function relabel(path: string, label: string): number {
  const root = realpathSync(path);
  if (guarded.has(root))
    throw fail(
      'invalid_argument',
      `${root} belongs to the system and gets no label of a container; mount one below it`,
    );
  const wanted = Buffer.from(`${label}\0`);
  let changed = 0;
  const line: Buffer[] = [Buffer.from(root)];
  for (let next = line.pop(); next !== undefined; next = line.pop()) {
    const present = readXattr(next, attribute);
    if (present === undefined || !isSame(present, wanted)) {
      if (!changeXattr(next, attribute, wanted)) return changed;
      changed += 1;
    }
    line.push(...entriesOf(next));
  }
  return changed;
}

/** With and without the final zero they are one. */
function isSame(present: Buffer, wanted: Buffer): boolean {
  return present.equals(wanted) || present.equals(wanted.subarray(0, -1));
}

const slash = Buffer.from('/');

/** None for what is no directory, or has gone meanwhile. */
function entriesOf(path: Buffer): readonly Buffer[] {
  try {
    return readdirSync(path, { encoding: 'buffer' }).map((name) => Buffer.concat([path, slash, name]));
  } catch (error) {
    if (['ENOTDIR', 'ENOENT'].includes(errnoOf(error) ?? '')) return [];
    throw error;
  }
}
