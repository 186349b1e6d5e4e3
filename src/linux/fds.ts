import { closeSync, fchownSync } from 'node:fs';
import { Socket } from 'node:net';
import { checked, libc } from './libc.ts';

const O_CLOEXEC = 0o2000000;
const F_DUPFD_CLOEXEC = 1030;
const F_SETPIPE_SZ = 1031;
const pipe2 = libc.func('int pipe2(_Out_ int *fds, int flags)');
const fcntl = libc.func('int fcntl(int fd, int command, int argument)');

/** A pipe, both ends close-on-exec. Errors: EMFILE, ENFILE as `internal`. */
export function makePipe(): { readonly read: number; readonly write: number } {
  const fds: [number, number] = [-1, -1];
  checked(pipe2(fds, O_CLOEXEC) as number, 'make a pipe');
  return { read: fds[0], write: fds[1] };
}

/** A second descriptor of the same file at or above `least`, close-on-exec. */
export function duplicate(fd: number, least: number): number {
  return checked(fcntl(fd, F_DUPFD_CLOEXEC, least) as number, `duplicate descriptor ${fd}`);
}

/** An owner of files, as the host has it. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Makes pipes or terminals somebody's: who has them by /proc/self/fd can open them again. Undefined: they stay ours. */
export function giveTo(owner: Owner | undefined, fds: readonly number[]): void {
  if (owner !== undefined) for (const fd of fds) fchownSync(fd, owner.uid, owner.gid);
}

/** The read end of a pipe with nothing in it, and nobody to write: no /dev/null, which whoever gets it could be given. */
export function emptyInput(): number {
  const { read, write } = makePipe();
  closeSync(write);
  return read;
}

/** Lets a pipe hold so many bytes, if the kernel does: it need not. */
export function widenPipe(fd: number, bytes: number): void {
  fcntl(fd, F_SETPIPE_SZ, bytes);
}

/** close(2) that forgives what is closed already; undo code calls it. */
export function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // EBADF: nothing to do
  }
}

/** The read end of a pipe as a stream; the stream owns the descriptor. */
export function readablePipe(fd: number): Socket {
  return new Socket({ fd, readable: true, writable: false });
}

/** The write end of a pipe as a stream; the stream owns the descriptor. */
export function writablePipe(fd: number): Socket {
  return new Socket({ fd, readable: false, writable: true });
}
