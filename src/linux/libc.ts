import koffi from 'koffi';
import { fail } from '../base/errors.ts';
import type { CricketError } from '../base/errors.ts';
import { getSystemErrorName } from 'node:util';

/** The C library of the machine. Only this room declares functions on it. */
export const libc = koffi.load('libc.so.6');

/** errno of the last call through koffi, as a positive number. Read it on the next line or lose it. */
export const errno = (): number => koffi.errno();

/** The name (`ENOENT`) of an errno. */
export function errnoName(code: number): string {
  try {
    return getSystemErrorName(-code);
  } catch {
    return `errno ${code}`;
  }
}

/** An error of a failed call: `mount /a: EBUSY`; its cause carries the errno name as `code`. */
export function syscallError(what: string, code: number = errno()): CricketError {
  const name = errnoName(code);
  const cause = Object.assign(new Error(name), { code: name, errno: code });
  const kind = name === 'ENOENT' ? 'not_found' : name === 'ENOSPC' ? 'resource_exhausted' : 'internal';
  return fail(kind, `${what}: ${name}`, cause);
}

/** Throws unless the call answered 0 or more; gives its answer back. */
export function checked(result: number, what: string): number {
  if (result < 0) throw syscallError(what);
  return result;
}
