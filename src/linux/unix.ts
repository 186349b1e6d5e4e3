import { closeSync, constants, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { syscallError } from './libc.ts';
import { SOCK_NONBLOCK, bindSocket, closeDescriptor, connectSocket, listenSocket, openSocket } from './sockets.ts';

export const AF_UNIX = 1;
export const SOCK_STREAM = 1;
export const SOCK_SEQPACKET = 5;
const O_PATH = 0o10000000;

/** Bytes of a path that fit into struct sockaddr_un, with the zero byte behind. */
const longestPath = 107;

/** unix(7): a leading `@` stands for the zero byte of an abstract address; paths end with one. */
export function unixAddress(path: string): Buffer {
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  if (path.startsWith('@')) return Buffer.concat([family, Buffer.from([0]), Buffer.from(path.slice(1))]);
  return Buffer.concat([family, Buffer.from(path), Buffer.from([0])]);
}

/** A connected socket of this type that never waits. Errors: `not_found` where nobody ever listened, else `internal`. */
export function connectUnix(type: number, path: string): number {
  return withSocket(type, path, (fd, address) => {
    const code = connectSocket(fd, address);
    if (code !== 0) throw syscallError(`connect to ${path}`, code);
  });
}

/** A stream socket that listens at a path of ours which must be free. */
export function listenUnix(path: string): number {
  return withSocket(SOCK_STREAM, path, (fd, address) => {
    bindSocket(fd, address);
    listenSocket(fd, 1);
  });
}

function withSocket(type: number, path: string, use: (fd: number, address: Buffer) => void): number {
  const fd = openSocket(AF_UNIX, type | SOCK_NONBLOCK, 0);
  try {
    withAddress(path, (address) => use(fd, address));
    return fd;
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
}

/** A path too long for an address is walked to by the descriptor of its directory. */
function withAddress(path: string, use: (address: Buffer) => void): void {
  if (Buffer.byteLength(path) <= longestPath) {
    use(unixAddress(path));
    return;
  }
  const directory = openSync(dirname(path), O_PATH | constants.O_DIRECTORY);
  try {
    use(unixAddress(`/proc/self/fd/${directory}/${basename(path)}`));
  } finally {
    closeSync(directory);
  }
}
