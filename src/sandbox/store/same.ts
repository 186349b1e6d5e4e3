import { isDeepStrictEqual } from 'node:util';

/**
 * Whether a retried request asks for what a record has. One side may have been to the disk and back, which changes
 * the order of keys and loses those without a value.
 */
export function sameAsWritten(one: object | null, other: object | null): boolean {
  return isDeepStrictEqual(written(one), written(other));
}

const written = (value: object | null): unknown => JSON.parse(JSON.stringify(value));
