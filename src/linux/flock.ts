import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { constants } from 'node:fs';
import { fail } from '../base/errors.ts';
import { errno, errnoName, libc, syscallError } from './libc.ts';

const flockCall = libc.func('int flock(int fd, int operation)');

const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Holds the pid file: the kernel drops the lock when the process ends, however it ends. A second instance is
 * refused. Errors: `already_exists` naming the pid that holds it.
 */
export function lockPidFile(path: string): Disposable {
  for (;;) {
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
    try {
      lock(fd, path);
      // Between open and flock the holder may have unlinked it: a lock on a nameless file keeps nobody out.
      if (!isStillThere(fd, path)) {
        closeSync(fd);
        continue;
      }
      ftruncateSync(fd);
      writeSync(fd, `${process.pid}\n`);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    return { [Symbol.dispose]: () => release(fd, path) };
  }
}

function lock(fd: number, path: string): void {
  if ((flockCall(fd, LOCK_EX | LOCK_NB) as number) === 0) return;
  const code = errno();
  if (errnoName(code) !== 'EAGAIN') throw syscallError(`lock ${path}`, code);
  const pid = readFileSync(path, 'utf8').trim();
  const holder = pid === '' ? 'another process' : `process ${pid}`;
  throw fail(
    'already_exists',
    `pid file ${path}: ${holder} holds it; stop that daemon or choose another state directory`,
  );
}

function isStillThere(fd: number, path: string): boolean {
  const named = statSync(path, { throwIfNoEntry: false });
  return named !== undefined && named.ino === fstatSync(fd).ino;
}

/** Unlinks before the lock goes, so that nobody locks a file which then loses its name. */
function release(fd: number, path: string): void {
  unlinkSync(path);
  closeSync(fd);
}
