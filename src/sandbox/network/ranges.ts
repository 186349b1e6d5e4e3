import { isIPv6 } from 'node:net';
import { fail } from '../../base/errors.ts';
import { overlaps, parseRange } from './cidr.ts';
import type { Range } from './cidr.ts';

/** The setting `network.ranges`. Errors: `invalid_argument` naming it. */
export function parseRanges(texts: readonly string[]): readonly Range[] {
  if (texts.length === 0)
    throw fail('invalid_argument', 'network.ranges is empty; name at least one IPv4 network like 10.85.0.0/16');
  const ranges = texts.map((text) => parseRange(text, 'network.ranges'));
  for (const [at, range] of ranges.entries()) {
    const twin = ranges.slice(0, at).find((other) => overlaps(range, other));
    if (twin !== undefined)
      throw fail('invalid_argument', `network.ranges: ${range.text} and ${twin.text} overlap; leave one of them out`);
  }
  return ranges;
}

/**
 * The kubelet's `pod_cidr`: one network, or one of each family with a comma between. None for ''.
 * Errors: `invalid_argument`; `unimplemented` when it holds IPv6 only.
 */
export function parsePodCidr(text: string): Range | undefined {
  const parts = text.split(',').map((part) => part.trim());
  const ipv4 = parts.find((part) => part !== '' && !isIPv6(part.split('/')[0] ?? ''));
  if (ipv4 !== undefined) return parseRange(ipv4, 'pod CIDR');
  if (text.trim() === '') return undefined;
  throw fail('unimplemented', `pod CIDR ${text}: the built-in network has no IPv6; give an IPv4 network`);
}

/** Those to take addresses from, in order. */
export const orderedRanges = (podCidr: Range | undefined, configured: readonly Range[]): readonly Range[] =>
  podCidr === undefined ? configured : [podCidr, ...configured.filter((range) => range.text !== podCidr.text)];
