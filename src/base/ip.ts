import { isIPv4, isIPv6 } from 'node:net';
import { fail } from './errors.ts';

/** The bytes of an address, 4 or 16, in network order. Errors: `invalid_argument` for what is no address. */
export function ipBytes(text: string): Buffer {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  if (!isIPv6(text) || text.includes('%'))
    throw fail('invalid_argument', `${JSON.stringify(text.slice(0, 80))} is no IP address`);
  const [head = '', tail] = text.split('::');
  const left = groupsOf(head);
  const right = tail === undefined ? [] : groupsOf(tail);
  const zeros = Array.from({ length: 16 - left.length - right.length }, () => 0);
  return Buffer.from([...left, ...zeros, ...right]);
}

/** Groups of hex digits, the last may be a dotted quad. */
function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}

/** An address as RFC 5952 writes it: lower case, the longest run of zero groups as "::". */
export function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return [...bytes].join('.');
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0));
  const { from, length } = longestZeros(groups);
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  return length < 2 ? hex(groups) : `${hex(groups.slice(0, from))}::${hex(groups.slice(from + length))}`;
}

function longestZeros(groups: readonly number[]): { readonly from: number; readonly length: number } {
  let best = { from: 0, length: 0 };
  for (let from = 0; from < groups.length; from++) {
    let length = 0;
    while (groups[from + length] === 0) length++;
    if (length > best.length) best = { from, length };
  }
  return best;
}

/** The address as `ipText` writes it: two spellings of one address are equal. */
export const canonicalIp = (text: string): string => ipText(ipBytes(text));

/** Whether an address, as bytes, lies in the network of `base` with that many leading bits. */
export function inNetwork(address: Uint8Array, base: Uint8Array, prefix: number): boolean {
  if (address.length !== base.length) return false;
  const whole = prefix >> 3;
  if (!address.subarray(0, whole).every((byte, at) => byte === base[at])) return false;
  const mask = (0xff00 >> (prefix & 7)) & 0xff;
  return mask === 0 || ((address[whole] ?? 0) & mask) === ((base[whole] ?? 0) & mask);
}
