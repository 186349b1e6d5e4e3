import { checked, libc } from './libc.ts';

const ioctl = libc.func('int ioctl(int fd, uint64_t request, _Out_ int *count)');
const FIONREAD = 0x541b;

/** Bytes in a pipe or fifo that its reader has not taken yet (pipe(7)). */
export function unreadBytes(fd: number): number {
  const count = [0];
  checked(ioctl(fd, FIONREAD, count) as number, 'ask what is unread in a pipe');
  return count[0] ?? 0;
}
