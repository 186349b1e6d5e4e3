import { chmodFd, chownFd } from './fs-at.ts';
import { checked, libc } from './libc.ts';

const cStatx = libc.func('int statx(int fd, const void *path, int flags, uint32_t mask, void *found)');

const atEmptyPath = 0x1000;
/** STATX_MODE | STATX_UID | STATX_GID */
const wantedFields = 0x1a;
const noPath = Buffer.alloc(1);
/** struct statx, filled anew by each call; where its fields are is the same on every architecture. */
const found = Buffer.alloc(256);

export interface FileAccess {
  readonly uid: number;
  readonly gid: number;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
}

/** Sets owner and permission bits of an open file, as far as they differ: a look costs less than a change. */
export function setAccess(fd: number, wanted: FileAccess): void {
  checked(Number(cStatx(fd, noPath, atEmptyPath, wantedFields, found)), `statx ${fd}`);
  const [uid, gid, mode] = [found.readUInt32LE(20), found.readUInt32LE(24), found.readUInt16LE(28) & 0o7777];
  const isOthers = uid !== wanted.uid || gid !== wanted.gid;
  // chown first: it takes setuid bits and file capabilities away.
  if (isOthers) chownFd(fd, wanted);
  if (isOthers || mode !== wanted.mode) chmodFd(fd, wanted.mode);
}
