import { isIPv6 } from 'node:net';
import { createHash } from 'node:crypto';
import { fail } from '../../base/errors.ts';
import { ipBytes, ipText } from '../../base/ip.ts';
import type { InstanceId } from '../../base/ids.ts';
import type { Range } from './cidr.ts';

/** An IPv6 network. */
export interface Range6 {
  readonly text: string;
  readonly base: Buffer;
  readonly prefix: number;
}

/** `fd00:10:244::/64`. Errors: `invalid_argument` naming the key it came from, the value and what is allowed. */
export function parseRange6(text: string, key: string): Range6 {
  const [address = '', bits = '', ...rest] = text.trim().split('/');
  const prefix = /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  const refuse = (allowed: string) => fail('invalid_argument', `${key} ${JSON.stringify(text)}: ${allowed}`);
  if (!isIPv6(address) || address.includes('%') || prefix < 0 || prefix > 128 || rest.length > 0)
    throw refuse('must be an IPv6 network like fd00:10:244::/64');
  if (prefix < 16 || prefix > 122) throw refuse('must be between /16 and /122, so that it holds a gateway and pods');
  const given = ipBytes(address);
  const base = Buffer.from(given.map((byte, at) => byte & (0xff00 >> Math.max(0, Math.min(8, prefix - 8 * at)))));
  if (!base.equals(given)) throw refuse(`has host bits set, write ${ipText(base)}/${prefix}`);
  return { text: `${ipText(base)}/${prefix}`, base, prefix };
}

/** A unique local network (RFC 4193) of a node and an instance: the same for as long as both are. */
export function ownRange6(machineId: string, instance: InstanceId): Range6 {
  const digest = createHash('sha256').update(`cricket pod network of ${instance} on ${machineId.trim()}`).digest();
  const base = Buffer.concat([Buffer.from([0xfd]), digest.subarray(0, 7), Buffer.alloc(8)]);
  return { text: `${ipText(base)}/64`, base, prefix: 64 };
}

export const gateway6Of = (range: Range6): string => ipText(plus(range.base, 1));

/**
 * The IPv6 address that goes with an IPv4 one: its last 32 bits, or where the network has fewer, its place in its
 * range. So one lease is for both. Undefined where the network is too small for that.
 */
export function twinOf(range6: Range6, range: Range, address: number): string | undefined {
  const host = range6.prefix <= 96 ? address : address - range.base;
  return host < 2 ** (128 - range6.prefix) ? ipText(plus(range6.base, host)) : undefined;
}

/** The low 32 bits of a network's base are its own only where the network is smaller than that. */
function plus(base: Buffer, host: number): Buffer {
  const sum = Buffer.from(base);
  sum.writeUInt32BE(sum.readUInt32BE(12) + host, 12);
  return sum;
}
