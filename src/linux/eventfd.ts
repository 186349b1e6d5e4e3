import { readSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';
import { checked, libc } from './libc.ts';

const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;
const eventfd = libc.func('int eventfd(uint initval, int flags)');

/** A counter that the kernel adds to and that is readable while it is not 0. Errors: EMFILE, ENFILE as `internal`. */
export function makeEventfd(): number {
  return checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) as number, 'make an eventfd');
}

const counter = Buffer.alloc(8);

/** Sets it back to 0. */
export function drainEventfd(fd: number): void {
  try {
    readSync(fd, counter);
  } catch (error) {
    if (errnoOf(error) !== 'EAGAIN') throw error;
  }
}
