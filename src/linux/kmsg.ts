import { closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';

/** One message of the kernel itself. */
export interface KernelMessage {
  /** Rises by one with each record since boot. */
  readonly sequence: number;
  /** Microseconds since boot. */
  readonly micros: number;
  readonly text: string;
}

/** The kernel's log from its oldest record on (Documentation/ABI/testing/dev-kmsg). */
export interface KernelLog extends Disposable {
  /** Readable when there is more. */
  readonly fd: number;
  /**
   * The next record, without waiting. `undefined`: no more now; `'lost'`: some were overwritten before they were read;
   * `'other'`: one that user space wrote, which may say anything.
   */
  next(): KernelMessage | 'lost' | 'other' | undefined;
}

/** A record is 1 KiB of text at most, each of its bytes perhaps spelt `\x00`. */
const buffer = Buffer.alloc(8192);

/** Major and minor number of the real one: in containers something else may stand in its place. */
const kmsgDevice = (1 << 8) | 11;

/** Undefined where this process may not read it (EPERM, EACCES), or there is none (ENOENT, ENODEV). */
export function openKernelLog(path = '/dev/kmsg'): KernelLog | undefined {
  let fd: number;
  try {
    if (statSync(path).rdev !== kmsgDevice) return undefined;
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  return {
    fd,
    next: () => {
      try {
        return parseRecord(buffer.toString('latin1', 0, readSync(fd, buffer)));
      } catch (error) {
        // EINVAL: a record longer than the buffer is skipped by the kernel.
        const errno = errnoOf(error);
        if (errno === 'EPIPE' || errno === 'EINVAL') return 'lost';
        if (errno === 'EAGAIN') return undefined;
        throw error;
      }
    },
    [Symbol.dispose]: () => closeSync(fd),
  };
}

/** `priority,sequence,microseconds,flags[,more];text` and lines of properties. The facility of the kernel is 0. */
export function parseRecord(record: string): KernelMessage | 'other' {
  const [, priority = '', sequence, micros, text = ''] = /^(\d+),(\d+),(\d+),[^;]*;([^\n]*)/.exec(record) ?? [];
  if (priority === '' || Number(priority) >> 3 !== 0) return 'other';
  return { sequence: Number(sequence), micros: Number(micros), text: unescaped(text) };
}

/** The kernel spells control characters, backslashes and all beyond ASCII as `\x0a`. */
function unescaped(text: string): string {
  if (!text.includes('\\x')) return text;
  const bytes = text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
