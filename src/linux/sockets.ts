import { checked, libc } from './libc.ts';

/** socket(2) and what belongs to it, for families that Node does not speak. Every call here answers at once. */
const socketCall = libc.func('int socket(int domain, int type, int protocol)');
const bindCall = libc.func('int bind(int fd, const uint8_t *address, uint32_t length)');
const setsockoptCall = libc.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)');
const sendCall = libc.func('int64_t send(int fd, const uint8_t *data, uint64_t length, int flags)');
const recvCall = libc.func('int64_t recv(int fd, _Out_ uint8_t *data, uint64_t length, int flags)');
const closeCall = libc.func('int close(int fd)');

const SOCK_CLOEXEC = 0o2000000;

export function openSocket(domain: number, type: number, protocol: number): number {
  return checked(socketCall(domain, type | SOCK_CLOEXEC, protocol) as number, 'socket');
}

export function bindSocket(fd: number, address: Buffer): void {
  checked(bindCall(fd, address, address.length) as number, 'bind');
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
