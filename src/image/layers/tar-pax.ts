import { fail } from '../../base/errors.ts';

/**
 * The records of a PAX header: `LENGTH KEY=VALUE\n`, texts as latin1. Later records win; an empty value takes
 * the key back (POSIX pax). Errors: `invalid_argument` for a record that lies about its length.
 */
export function parsePaxRecords(body: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(0x20, at);
    const digits = space === -1 ? '' : body.toString('latin1', at, space);
    const end = at + Number.parseInt(digits, 10);
    if (!/^[1-9][0-9]{0,8}$/.test(digits) || end > body.length || end <= space + 2 || body[end - 1] !== 0x0a)
      throw bad();
    const record = body.toString('latin1', space + 1, end - 1);
    const equals = record.indexOf('=');
    if (equals < 1) throw bad();
    const key = record.slice(0, equals);
    const value = record.slice(equals + 1);
    if (value.includes('\0') && !key.startsWith('SCHILY.xattr.')) throw bad();
    // The records of a sparse map of PAX 0.0 come in pairs, one after the other: PAX 0.1 has them as one list.
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') {
      const before = records.get('GNU.sparse.map');
      records.set('GNU.sparse.map', before === undefined ? value : `${before},${value}`);
    } else if (value === '') records.delete(key);
    else records.set(key, value);
    at = end;
  }
  return records;
}

/** `123.456` as seconds and nanoseconds, rounded down; undefined when it is not a time. */
export function parsePaxTime(text: string): { readonly seconds: number; readonly nanos: number } | undefined {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole, fraction] = match;
  const seconds = Number(whole);
  const nanos = Number((fraction ?? '').slice(0, 9).padEnd(9, '0'));
  if (sign !== '-') return { seconds, nanos };
  return nanos === 0 ? { seconds: seconds === 0 ? 0 : -seconds, nanos } : { seconds: -seconds - 1, nanos: 1e9 - nanos };
}

/** A whole number of a PAX record, at most 2^53. Errors: `invalid_argument`. */
export function parsePaxNumber(text: string): number {
  const value = Number(text);
  if (!/^[0-9]{1,16}$/.test(text) || !Number.isSafeInteger(value)) throw bad();
  return value;
}

const bad = () => fail('invalid_argument', 'layer has a damaged PAX header');
