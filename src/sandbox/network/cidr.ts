import { fail } from '../../base/errors.ts';

/** An IPv4 network. Addresses are numbers, 0 to 2^32 - 1. */
export interface Range {
  readonly text: string;
  readonly base: number;
  readonly prefix: number;
}

/**
 * `10.85.0.0/16`. `key` is the setting it came from. Errors: `invalid_argument` naming the key, the value and what is
 * allowed: an IPv4 prefix of 8 to 30 bits that names its network.
 */
export function parseRange(text: string, key: string): Range {
  const [address = '', bits = '', ...rest] = text.trim().split('/');
  const base = parseAddress(address);
  const prefix = /^\d{1,2}$/.test(bits) ? Number(bits) : -1;
  const refuse = (allowed: string) => fail('invalid_argument', `${key} ${JSON.stringify(text)}: ${allowed}`);
  if (base === undefined || prefix < 0 || prefix > 32 || rest.length > 0)
    throw refuse('must be an IPv4 network like 10.85.0.0/16');
  if (prefix < 8 || prefix > 30) throw refuse('must be between /8 and /30, so that it holds a gateway and a pod');
  const network = { base: base - (base % sizeOf(prefix)), prefix };
  if (network.base !== base) throw refuse(`has host bits set, write ${formatAddress(network.base)}/${prefix}`);
  return { text: `${formatAddress(base)}/${prefix}`, ...network };
}

const sizeOf = (prefix: number): number => 2 ** (32 - prefix);

/** The first host address, which is the bridge's. */
export const gatewayOf = (range: Range): number => range.base + 1;
export const lastHostOf = (range: Range): number => range.base + sizeOf(range.prefix) - 2;

export const contains = (range: Range, address: number): boolean =>
  address >= range.base && address < range.base + sizeOf(range.prefix);

/** Whether they share an address; networks either nest or are apart. */
export const overlaps = (a: Range, b: Range): boolean => contains(a, b.base) || contains(b, a.base);

export const formatAddress = (address: number): string =>
  [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');

/** Undefined for what is no dotted quad; leading zeros are refused, they mean octal to some. */
export function parseAddress(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255))
    return undefined;
  return parts.reduce((address, part) => address * 256 + Number(part), 0);
}

/**
 * The next free pod address of a range, going round from the one given out last: an address just freed is the last to
 * be used again, so that packets and caches meant for its old pod meet nobody. Undefined when all are taken.
 */
export function nextAddress(
  range: Range,
  taken: (address: number) => boolean,
  last: number | undefined,
): number | undefined {
  const lowest = gatewayOf(range) + 1;
  const highest = lastHostOf(range);
  const start = last === undefined || last < lowest || last >= highest ? lowest : last + 1;
  for (let address = start; address <= highest; address++) if (!taken(address)) return address;
  for (let address = lowest; address < start; address++) if (!taken(address)) return address;
  return undefined;
}
