import { Socket } from 'node:net';
import { constants } from 'node:os';
import { waitFor } from '../base/abort.ts';
import { syscallError } from './libc.ts';
import { SOCK_NONBLOCK, closeDescriptor, connectSocket, openSocket, socketError } from './sockets.ts';
import { SOCK_STREAM } from './unix.ts';
import type { Watcher } from './watcher.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const { EINPROGRESS } = constants.errno;

export type IpFamily = 4 | 6;

/** A TCP socket that never waits, of the network namespace that the calling thread is in. */
export function openTcpSocket(family: IpFamily): number {
  return openSocket(family === 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

/**
 * Connects a socket of ours to a port of the loopback of the namespace it was made in. Both directions end by
 * themselves. It owns the socket, which is closed on failure. Errors: the signal's, `internal` with the errno:
 * ECONNREFUSED, EADDRNOTAVAIL where the namespace has no such address.
 */
export async function connectLoopback(
  watcher: Watcher,
  { fd, family, port }: { readonly fd: number; readonly family: IpFamily; readonly port: number },
  signal: AbortSignal,
): Promise<Socket> {
  const what = `connect to ${family === 4 ? '127.0.0.1' : '[::1]'}:${port}`;
  try {
    const code = connectSocket(fd, loopback(family, port));
    if (code !== 0 && code !== EINPROGRESS) throw syscallError(what, code);
    if (code !== 0) await writable(watcher, fd, signal);
    const failed = socketError(fd);
    if (failed !== 0) throw syscallError(what, failed);
    return new Socket({ fd, allowHalfOpen: true });
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
}

async function writable(watcher: Watcher, fd: number, signal: AbortSignal): Promise<void> {
  const ready = Promise.withResolvers<void>();
  using _watch = watcher.onWritable(fd, ready.resolve);
  await waitFor(ready.promise, signal);
}

/** struct sockaddr_in and sockaddr_in6. */
function loopback(family: IpFamily, port: number): Buffer {
  const address = Buffer.alloc(family === 4 ? 16 : 28);
  address.writeUInt16LE(family === 4 ? AF_INET : AF_INET6, 0);
  address.writeUInt16BE(port, 2);
  if (family === 4) address.set([127, 0, 0, 1], 4);
  else address[23] = 1;
  return address;
}
