import { constants, openSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { closeQuietly } from './fds.ts';
import { checked, libc } from './libc.ts';

const ioctl = libc.func('int ioctl(int fd, uint64_t request, uint8_t *argument)');
const ioctlFlags = libc.func('ioctl', 'int', ['int', 'uint64_t', 'int']);
const TCGETS = 0x5401;
const TCSETS = 0x5402;
const TIOCSWINSZ = 0x5414;
const TIOCSPTLCK = 0x40045431;
const TIOCGPTPEER = 0x5441;
const O_CLOEXEC = 0o2000000;
/** VMIN in the control characters of struct termios (asm-generic/termbits.h), which stand behind 4 words and a byte. */
const minimumAt = 17 + 6;

/**
 * A pseudo-terminal of this host that changes nothing of what goes through it, both sides close-on-exec. Errors: EMFILE,
 * ENFILE, ENOSPC (no number left) as `internal`.
 */
export function openTerminal(): { readonly master: number; readonly slave: number } {
  const master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY);
  try {
    checked(ioctl(master, TIOCSPTLCK, Buffer.alloc(4)) as number, 'unlock a terminal');
    const flags = constants.O_RDWR | constants.O_NOCTTY | O_CLOEXEC;
    const slave = checked(ioctlFlags(master, TIOCGPTPEER, flags) as number, 'open a terminal');
    const modes = Buffer.alloc(64);
    checked(ioctl(slave, TCGETS, modes) as number, 'read the modes of a terminal');
    // Input, output and local modes off; the control modes between them say eight bits already.
    modes.fill(0, 0, 8).fill(0, 12, 16);
    modes[minimumAt] = 1;
    checked(ioctl(slave, TCSETS, modes) as number, 'set the modes of a terminal');
    return { master, slave };
  } catch (error) {
    closeQuietly(master);
    throw error;
  }
}

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
