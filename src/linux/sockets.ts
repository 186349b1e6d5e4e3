import { constants } from 'node:os';
import { checked, errno, libc, syscallError } from './libc.ts';

/** socket(2) and what belongs to it, for families that Node does not speak. Every call here answers at once. */
const socketCall = libc.func('int socket(int domain, int type, int protocol)');
const bindCall = libc.func('int bind(int fd, const uint8_t *address, uint32_t length)');
const setsockoptCall = libc.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)');
const sendCall = libc.func('int64_t send(int fd, const uint8_t *data, uint64_t length, int flags)');
const recvCall = libc.func('int64_t recv(int fd, _Out_ uint8_t *data, uint64_t length, int flags)');
const connectCall = libc.func('int connect(int fd, const uint8_t *address, uint32_t length)');
const listenCall = libc.func('int listen(int fd, int backlog)');
const acceptCall = libc.func('int accept4(int fd, void *address, void *length, int flags)');
const shutdownCall = libc.func('int shutdown(int fd, int how)');
const getsockoptCall = libc.func('int getsockopt(int fd, int level, int name, uint8_t *value, uint32_t *length)');
const closeCall = libc.func('int close(int fd)');

const SOCK_CLOEXEC = 0o2000000;
/** Or this to the type of a socket whose calls shall never wait. */
export const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** For shutdownSocket: what is not received any more, what is not sent any more. */
export const SHUT_RD = 0;
export const SHUT_WR = 1;

export function openSocket(domain: number, type: number, protocol: number): number {
  return checked(socketCall(domain, type | SOCK_CLOEXEC, protocol) as number, 'socket');
}

export function bindSocket(fd: number, address: Buffer): void {
  checked(bindCall(fd, address, address.length) as number, 'bind');
}

/** 0, or the errno: EINPROGRESS of one that does not wait is no failure. */
export function connectSocket(fd: number, address: Buffer): number {
  return (connectCall(fd, address, address.length) as number) < 0 ? errno() : 0;
}

export function listenSocket(fd: number, backlog: number): void {
  checked(listenCall(fd, backlog) as number, 'listen');
}

/** The next connection of a socket that does not wait, close-on-exec; undefined when there is none yet. */
export function tryAccept(fd: number): number | undefined {
  const connection = acceptCall(fd, null, null, SOCK_CLOEXEC) as number;
  if (connection >= 0) return connection;
  const code = errno();
  if (code === constants.errno.EAGAIN) return undefined;
  throw syscallError('accept', code);
}

/** Forgives a socket whose other side is gone already. */
export function shutdownSocket(fd: number, how: typeof SHUT_RD | typeof SHUT_WR): void {
  shutdownCall(fd, how);
}

/** Takes the errno that waits on a socket (SO_ERROR): 0 for none. */
export function socketError(fd: number): number {
  const value = Buffer.alloc(4);
  const length = Buffer.from([4, 0, 0, 0]);
  checked(getsockoptCall(fd, SOL_SOCKET, SO_ERROR, value, length) as number, 'getsockopt');
  return value.readInt32LE(0);
}

/** Bytes sent, or minus the errno: EAGAIN where it would have to wait. No SIGPIPE. */
export function trySend(fd: number, data: Buffer): number {
  const sent = Number(sendCall(fd, data, data.length, MSG_DONTWAIT | MSG_NOSIGNAL));
  return sent < 0 ? -errno() : sent;
}

/** Bytes received into `into`, 0 at the end, or minus the errno: EAGAIN where it would have to wait. */
export function tryReceive(fd: number, into: Buffer): number {
  const received = Number(recvCall(fd, into, into.length, MSG_DONTWAIT));
  return received < 0 ? -errno() : received;
}

export function setSocketFlag(fd: number, level: number, name: number): void {
  checked(setsockoptCall(fd, level, name, Buffer.from([1, 0, 0, 0]), 4) as number, 'setsockopt');
}

/** Bytes sent. Errors: those of send(2); a netlink request that the kernel refuses is answered, not failed. */
export function sendSocket(fd: number, data: Buffer): number {
  return checked(Number(sendCall(fd, data, data.length, 0)), 'send');
}

/** Bytes received into `into`. With MSG_TRUNC in `flags` the whole length, even if it did not fit. */
export function receiveSocket(fd: number, into: Buffer, flags: number): number {
  return checked(Number(recvCall(fd, into, into.length, flags)), 'recv');
}

/** Not fs.closeSync: in a Worker Node warns of descriptors it has not opened itself. */
export function closeDescriptor(fd: number): void {
  checked(closeCall(fd) as number, 'close');
}
