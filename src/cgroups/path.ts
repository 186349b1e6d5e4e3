import { fail } from '../base/errors.ts';
import type { Brand } from '../base/ids.ts';

/** Absolute and normalised, relative to the root of every hierarchy: `/kubepods/burstable/podX/CID`. */
export type CgroupPath = Brand<string, 'CgroupPath'>;

/** NAME_MAX, and PATH_MAX less room for the mount point, a container, an exec and a file name below it. */
const maxName = 255;
const maxPath = 3500;

/** Names the kernel's own files have or may get: such a child would collide (cgroup-v2.rst, "Namespace"). */
const kernelFile = /^(blkio|cgroup|cpu|cpuacct|cpuset|devices|freezer|hugetlb|io|memory|misc|notify|pids|rdma)\./;

/** Doubled and trailing slashes are dropped. Errors: `invalid_argument` for all that is not an absolute, plain path. */
export function parseCgroupPath(text: string): CgroupPath {
  if (!text.startsWith('/')) throw malformed(text, 'is relative; begin it with "/"');
  const names = text.split('/').filter((name) => name !== '');
  if (names.length === 0) throw malformed(text, 'is the root; name a cgroup below it');
  for (const name of names) checkName(name, text);
  const path = `/${names.join('/')}`;
  if (Buffer.byteLength(path) > maxPath) throw malformed(text, `is longer than ${maxPath} bytes`);
  return path as CgroupPath;
}

/** `parent/name`. Errors: `invalid_argument` unless name is one plain path element. */
export function childPath(parent: CgroupPath, name: string): CgroupPath {
  if (name.includes('/') || name === '') throw malformed(name, 'is not a single name');
  return parseCgroupPath(`${parent}/${name}`);
}

/** `/a`, `/a/b`, `/a/b/c` for `/a/b/c`. */
export function prefixes(path: CgroupPath): readonly CgroupPath[] {
  const names = path.slice(1).split('/');
  return names.map((_, index) => `/${names.slice(0, index + 1).join('/')}` as CgroupPath);
}

function checkName(name: string, text: string): void {
  if (name === '.' || name === '..') throw malformed(text, 'has "." or ".." in it; write it out');
  // Control characters: the kernel refuses a newline, libc ends at NUL, /proc/PID/cgroup would be unreadable.
  if (/\p{Cc}/u.test(name)) throw malformed(text, 'has a control character in it');
  if (Buffer.byteLength(name) > maxName) throw malformed(text, `has a name longer than ${maxName} bytes`);
  if (kernelFile.test(name)) throw malformed(text, `has the name of a kernel file in it: ${name}`);
}

function malformed(text: string, why: string) {
  return fail('invalid_argument', `cgroup path ${JSON.stringify(text.slice(0, 120))} ${why}`);
}
