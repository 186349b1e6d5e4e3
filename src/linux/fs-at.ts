import { readlinkSync } from 'node:fs';
import { libc, errno, errnoName, syscallError } from './libc.ts';

/*
 * The *at() family on raw bytes. Names are latin1 strings, one character per byte: a layer's names need not be
 * UTF-8. Descriptors are plain numbers that the caller closes; all of them are close-on-exec.
 */

const cOpenat = libc.func('int openat(int dir, const void *path, int flags, uint32_t mode)');
const cSyscall = libc.func('long syscall(long number, long a, const void *b, const void *c, size_t d)');
const cMkdirat = libc.func('int mkdirat(int dir, const void *path, uint32_t mode)');
const cMknodat = libc.func('int mknodat(int dir, const void *path, uint32_t mode, uint64_t device)');
const cSymlinkat = libc.func('int symlinkat(const void *target, int dir, const void *path)');
const cLinkat = libc.func('int linkat(int from, const void *old, int to, const void *path, int flags)');
const cRenameat = libc.func('int renameat(int from, const void *old, int to, const void *path)');
const cUnlinkat = libc.func('int unlinkat(int dir, const void *path, int flags)');
const cClose = libc.func('int close(int fd)');
const cFchownat = libc.func('int fchownat(int dir, const void *path, uint32_t uid, uint32_t gid, int flags)');
const cFchown = libc.func('int fchown(int fd, uint32_t uid, uint32_t gid)');
const cFchmod = libc.func('int fchmod(int fd, uint32_t mode)');
const cUtimensat = libc.func('int utimensat(int dir, const void *path, const void *times, int flags)');
const cFutimens = libc.func('int futimens(int fd, const void *times)');
const cFchmodat = libc.func('int fchmodat(int dir, const void *path, uint32_t mode, int flags)');

/** The same number on every architecture since 5.6. */
const sysOpenat2 = 437;
const resolveNoXdev = 0x01;
const resolveNoMagiclinks = 0x02;
const resolveNoSymlinks = 0x04;
const resolveInRoot = 0x10;
const atSymlinkNofollow = 0x100;
const atRemovedir = 0x200;
const retriesOfAgain = 64;

export const openFlags = {
  readOnly: 0,
  writeOnly: 1,
  create: 0o100,
  exclusive: 0o200,
  nonBlocking: 0o4000,
  directory: process.arch === 'arm64' ? 0o40000 : 0o200000,
  noFollow: process.arch === 'arm64' ? 0o100000 : 0o400000,
  closeOnExec: 0o2000000,
  /** O_PATH: names a file without opening it. */
  pathOnly: 0o10000000,
} as const;

export const fileTypes = { fifo: 0o010000, charDevice: 0o020000, blockDevice: 0o060000 } as const;

/** Seconds and nanoseconds since 1970; seconds may be negative. */
export interface FileTime {
  readonly seconds: number;
  readonly nanos: number;
}

/** Nanoseconds since 1970 as the kernel wants a time: the second rounded down. */
export function fileTimeOf(nanoseconds: bigint): FileTime {
  const perSecond = 1_000_000_000n;
  const nanos = ((nanoseconds % perSecond) + perSecond) % perSecond;
  return { seconds: Number((nanoseconds - nanos) / perSecond), nanos: Number(nanos) };
}

function bytes(name: string): Buffer {
  return Buffer.from(`${name}\0`, 'latin1');
}

/** A descriptor, or undefined where the last call failed with one of `absent`; throws on other errors. */
function descriptor(result: number, what: string, path: string, absent: readonly string[]): number | undefined {
  if (result >= 0) return result;
  const code = errno();
  if (absent.includes(errnoName(code))) return undefined;
  throw syscallError(`${what} ${path}`, code);
}

/** True when made, false when the name is taken (EEXIST); throws on other errors. */
function made(result: number, what: string, path: string): boolean {
  if (result >= 0) return true;
  const code = errno();
  if (errnoName(code) === 'EEXIST') return false;
  throw syscallError(`${what} ${path}`, code);
}

function done(result: number, what: string, path: string): void {
  if (result < 0) throw syscallError(`${what} ${path}`);
}

/**
 * Opens `path` as if `root` were `/`: absolute links and `..` stay inside (openat2, RESOLVE_IN_ROOT), links of
 * /proc are refused. Undefined when it is absent, not of the type asked for, or a loop of links.
 */
export function openInRoot(root: number, path: string, flags: number): number | undefined {
  const how = openHow(flags, resolveInRoot | resolveNoMagiclinks);
  const name = bytes(path);
  for (let attempt = 1; ; attempt += 1) {
    const result = Number(cSyscall(sysOpenat2, root, name, how, how.length));
    // EAGAIN: somebody renamed something anywhere while `..` was being resolved; asking again is the answer.
    if (result < 0 && errnoName(errno()) === 'EAGAIN' && attempt < retriesOfAgain) continue;
    return descriptor(result, 'openat2', path, ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO']);
  }
}

/**
 * Opens a directory by its one name in another. Undefined when it is absent or no directory. Errors: EXDEV where something
 * is mounted on it, be it of the same file system (RESOLVE_NO_XDEV).
 */
export function openBelow(dir: number, name: string): number | undefined {
  const how = openHow(openFlags.directory | openFlags.noFollow, resolveNoXdev | resolveNoSymlinks);
  const result = Number(cSyscall(sysOpenat2, dir, bytes(name), how, how.length));
  return descriptor(result, 'openat2', name, ['ENOENT', 'ENOTDIR', 'ELOOP']);
}

/** struct open_how */
function openHow(flags: number, resolve: number): Buffer {
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(flags | openFlags.closeOnExec), 0);
  how.writeBigUInt64LE(BigInt(resolve), 16);
  return how;
}

/** Where `path` leads if `root` is taken for `/`, as a path of the host; undefined when nothing is there. */
export function pathInRoot(root: string, path: string): string | undefined {
  const base = openDirectory(root);
  try {
    const found = openInRoot(base, Buffer.from(path || '/').toString('latin1'), openFlags.pathOnly);
    if (found === undefined) return undefined;
    try {
      return readlinkSync(`/proc/self/fd/${found}`);
    } finally {
      closeFd(found);
    }
  } finally {
    closeFd(base);
  }
}

/** Closes a descriptor of this file's making: Node's own close warns of descriptors that it did not open. */
export function closeFd(fd: number): void {
  cClose(fd);
}

/** Opens one name of a directory without following it. Undefined when absent or of another type. */
export function openAt(dir: number, name: string, flags: number): number | undefined {
  const result = Number(cOpenat(dir, bytes(name), flags | openFlags.noFollow | openFlags.closeOnExec, 0));
  return descriptor(result, 'openat', name, ['ENOENT', 'ENOTDIR', 'ELOOP']);
}

/** Whether a directory has the name, whatever it is; links are not followed. */
export function isThere(dir: number, name: string): boolean {
  const fd = openAt(dir, name, openFlags.pathOnly);
  if (fd !== undefined) closeFd(fd);
  return fd !== undefined;
}

/** Opens a directory of ours by its path. Errors: `not_found`. */
export function openDirectory(path: string): number {
  const result = Number(cOpenat(-1, Buffer.from(`${path}\0`), openFlags.directory | openFlags.closeOnExec, 0));
  if (result < 0) throw syscallError(`open ${path}`);
  return result;
}

/** Makes a regular file for writing, `mode` less the umask. Undefined when the name is taken. */
export function createAt(dir: number, name: string, mode = 0o600): number | undefined {
  const { writeOnly, create, exclusive, noFollow, closeOnExec } = openFlags;
  const flags = writeOnly | create | exclusive | noFollow | closeOnExec;
  return descriptor(Number(cOpenat(dir, bytes(name), flags, mode)), 'create', name, ['EEXIST']);
}

/** False when the name is taken. */
export function mkdirAt(dir: number, name: string, mode: number): boolean {
  return made(Number(cMkdirat(dir, bytes(name), mode)), 'mkdir', name);
}

/** `mode` holds the type (fileTypes) and the permissions. False when the name is taken. */
export function mknodAt(dir: number, name: string, mode: number, device: bigint): boolean {
  return made(Number(cMknodat(dir, bytes(name), mode, device)), 'mknod', name);
}

/** False when the name is taken. */
export function symlinkAt(target: string, dir: number, name: string): boolean {
  return made(Number(cSymlinkat(bytes(target), dir, bytes(name))), 'symlink', name);
}

/** Follows neither name. False when the new name is taken. */
export function linkAt(from: number, old: string, dir: number, name: string): boolean {
  return made(Number(cLinkat(from, bytes(old), dir, bytes(name), 0)), `link ${old} to`, name);
}

export function unlinkAt(dir: number, name: string): void {
  done(Number(cUnlinkat(dir, bytes(name), 0)), 'unlink', name);
}

/** Removes an empty directory. */
export function removeDirectoryAt(dir: number, name: string): void {
  done(Number(cUnlinkat(dir, bytes(name), atRemovedir)), 'rmdir', name);
}

export function renameAt(from: number, old: string, to: number, name: string): void {
  done(Number(cRenameat(from, bytes(old), to, bytes(name))), `rename ${old} to`, name);
}

/** Owner of a name, links not followed. */
export function chownAt(dir: number, name: string, owner: { readonly uid: number; readonly gid: number }): void {
  done(Number(cFchownat(dir, bytes(name), owner.uid, owner.gid, atSymlinkNofollow)), 'chown', name);
}

export function chownFd(fd: number, owner: { readonly uid: number; readonly gid: number }): void {
  done(Number(cFchown(fd, owner.uid, owner.gid)), 'fchown', String(fd));
}

export function chmodFd(fd: number, mode: number): void {
  done(Number(cFchmod(fd, mode)), 'fchmod', String(fd));
}

/** Follows a link: only for names that were just made as something else. */
export function chmodAt(dir: number, name: string, mode: number): void {
  done(Number(cFchmodat(dir, bytes(name), mode, 0)), 'chmod', name);
}

/** Sets access and modification time of a name, links not followed. */
export function timesAt(dir: number, name: string, time: FileTime): void {
  done(Number(cUtimensat(dir, bytes(name), timespecs(time), atSymlinkNofollow)), 'utimensat', name);
}

export function timesFd(fd: number, time: FileTime): void {
  done(Number(cFutimens(fd, timespecs(time))), 'futimens', String(fd));
}

/** Two struct timespec, good until the next call. */
function timespecs(time: FileTime): Buffer {
  timePair[0] = timePair[2] = BigInt(time.seconds);
  timePair[1] = timePair[3] = BigInt(time.nanos);
  return timeBytes;
}

const timePair = new BigInt64Array(4);
const timeBytes = Buffer.from(timePair.buffer);

/** The kernel's dev_t as glibc's makedev composes it. */
export function makeDevice(major: number, minor: number): bigint {
  const [ma, mi] = [BigInt(major), BigInt(minor)];
  return ((ma & 0xfffff000n) << 32n) | ((ma & 0xfffn) << 8n) | ((mi & 0xffffff00n) << 12n) | (mi & 0xffn);
}
