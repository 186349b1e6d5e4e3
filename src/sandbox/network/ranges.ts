import { isIPv6 } from 'node:net';
import { fail } from '../../base/errors.ts';
import { ipBytes } from '../../base/ip.ts';
import { formatAddress, gatewayOf, overlaps, parseRange } from './cidr.ts';
import type { Range } from './cidr.ts';
import { gateway6Of, parseRange6 } from './cidr6.ts';
import type { Range6 } from './cidr6.ts';

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

/** The setting `network.ipv6_range`: a network, `auto` for one of our own, `off`. Errors: `invalid_argument`. */
export function parseRange6Setting(text: string): Range6 | 'auto' | 'off' {
  return text === 'auto' || text === 'off' ? text : parseRange6(text, 'network.ipv6_range');
}

/** What the kubelet says of a node's pods. */
export interface PodCidr {
  readonly ipv4: Range | undefined;
  readonly ipv6: Range6 | undefined;
  /** IPv6 comes first: the cluster's primary family. */
  readonly ipv6First: boolean;
}

/**
 * The kubelet's `pod_cidr`: one network, or one of each family with a comma between. Nothing for ''.
 * Errors: `invalid_argument`.
 */
export function parsePodCidr(text: string): PodCidr {
  const parts = text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
  const sixes = parts.filter((part) => isIPv6(part.split('/')[0] ?? ''));
  const fours = parts.filter((part) => !sixes.includes(part));
  if (sixes.length > 1 || fours.length > 1)
    throw fail('invalid_argument', `pod CIDR ${JSON.stringify(text)}: at most one network of each family`);
  return {
    ipv4: fours[0] === undefined ? undefined : parseRange(fours[0], 'pod CIDR'),
    ipv6: sixes[0] === undefined ? undefined : parseRange6(sixes[0], 'pod CIDR'),
    ipv6First: sixes.length > 0 && parts[0] === sixes[0],
  };
}

/** Those to take addresses from, in order. */
export const orderedRanges = (podCidr: Range | undefined, configured: readonly Range[]): readonly Range[] =>
  podCidr === undefined ? configured : [podCidr, ...configured.filter((range) => range.text !== podCidr.text)];

/** A network that the bridge is the router of. */
export interface Served {
  readonly text: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly gateway: string;
  readonly prefix: number;
  /** First address, as bytes. */
  readonly base: Buffer;
  /** Nobody from outside the node may open a connection into it, but to published ports. */
  readonly closed: boolean;
}

export function served(range: Range, closed: boolean): Served {
  const { text, prefix } = range;
  const base = ipBytes(formatAddress(range.base));
  return { text, family: 'ipv4', gateway: formatAddress(gatewayOf(range)), prefix, base, closed };
}

export function served6({ text, prefix, base }: Range6, closed: boolean): Served {
  return { text, family: 'ipv6', gateway: gateway6Of({ text, prefix, base }), prefix, base, closed };
}
