import { fail } from '../../../base/errors.ts';

/** A message that must be there. Errors: `invalid_argument` naming the field. */
export function required<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw fail('invalid_argument', `${field} is missing`);
  return value;
}

/** Text without NUL, at most `most` bytes of UTF-8. */
export function text(value: string, field: string, most = 4096): string {
  if (value.includes('\0')) throw fail('invalid_argument', `${field} has a NUL byte`);
  if (Buffer.byteLength(value) > most)
    throw fail('invalid_argument', `${field} is ${Buffer.byteLength(value)} bytes long, at most ${most} are allowed`);
  return value;
}

export function nonEmpty(value: string, field: string, most = 4096): string {
  if (value === '') throw fail('invalid_argument', `${field} is empty`);
  return text(value, field, most);
}

/** An absolute path, or empty. */
export function absoluteOrEmpty(value: string, field: string): string {
  if (value !== '' && !value.startsWith('/'))
    throw fail('invalid_argument', `${field} ${JSON.stringify(value)} is not an absolute path`);
  return text(value, field);
}

/** One of the known members of an enum: an unknown number arrives as it was sent. */
export function member<R>(value: number, known: Readonly<Record<number, R>>, field: string): R {
  const found = known[value];
  if (found === undefined)
    throw fail('invalid_argument', `${field} is ${value}, allowed is ${Object.keys(known).join(', ')}`);
  return found;
}

/** int64 as a number; what no machine can hold is capped at 2^53 - 1. */
export function wholeNumber(value: bigint, field: string, least = -1n): number {
  if (value < least) throw fail('invalid_argument', `${field} is ${value}, at least ${least} is allowed`);
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(value > most ? most : value);
}

/** A user or group id: 0 to 2^32 - 2, as the kernel's. */
export function userNumber(value: bigint, field: string): number {
  if (value < 0n || value > 4294967294n)
    throw fail('invalid_argument', `${field} is ${value}, allowed is 0 to 4294967294`);
  return Number(value);
}

/** A copy whose keys and values are legal text. */
export function textMap(map: Readonly<Record<string, string>>, field: string): Record<string, string> {
  for (const [key, value] of Object.entries(map)) {
    nonEmpty(key, `a key of ${field}`);
    text(value, `${field} ${key}`, 1024 * 1024);
  }
  return { ...map };
}

/** For what this version does not do: said, never skipped. Errors: `unimplemented`. */
export function refuse(present: boolean, field: string): void {
  if (present) throw fail('unimplemented', `${field} is not implemented in this version of cricket`);
}
