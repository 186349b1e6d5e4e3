import { ReadStream } from 'node:tty';
import { closeQuietly } from './fds.ts';
import { checked, libc } from './libc.ts';

const ioctl = libc.func('int ioctl(int fd, uint64_t request, uint8_t *argument)');
const TIOCSWINSZ = 0x5414;

/** The master side of a pseudo-terminal as a Duplex, straight on libuv; it owns the descriptor. */
export function terminalStream(fd: number): ReadStream {
  try {
    return new ReadStream(fd);
  } catch (error) {
    closeQuietly(fd);
    throw error;
  }
}

/** Tells the kernel, and it the programs with SIGWINCH. Columns and rows beyond what the kernel can hold are cut. */
export function resizeTerminal(fd: number, columns: number, rows: number): void {
  const size = Buffer.alloc(8);
  size.writeUInt16LE(Math.min(Math.max(rows, 0), 0xffff), 0);
  size.writeUInt16LE(Math.min(Math.max(columns, 0), 0xffff), 2);
  checked(ioctl(fd, TIOCSWINSZ, size) as number, 'resize a terminal');
}
