import { readFileSync, writeFileSync } from 'node:fs';
import type { Link } from './calls.ts';

const ipv4 = '/proc/sys/net/ipv4/ip_forward';
const ipv6 = '/proc/sys/net/ipv6/conf';
/** Links that a router may be behind; a bridge only where the default route goes out by it. */
const outward = ['', 'vlan', 'bond', 'team', 'macvlan', 'ipvlan'];

/** Whether the host has IPv6, and has not turned it off: as `ipv6.disable=1` or `disable_ipv6` do. */
export function hasIpv6(): boolean {
  return ['all', 'default'].every((scope) => read(`${ipv6}/${scope}/disable_ipv6`) === '0');
}

/** Written only where it differs: writing resets the `forwarding` of every interface, also one somebody chose. */
export function setForwarding(on: boolean): boolean {
  return write(ipv4, on ? '1' : '0');
}

/**
 * IPv6 forwarding for the whole host. A host that forwards ignores router advertisements unless accept_ra is 2
 * (Documentation/networking/ip-sysctl.rst): links that took them until now go on taking them; one that was a router's did not, and does not.
 * @returns what was done, in words.
 */
export function setForwarding6(on: boolean, links: readonly Link[], uplink: number): readonly string[] {
  const done: string[] = [];
  for (const { name, index, kind } of on ? links : []) {
    if (index !== uplink && !outward.includes(kind)) continue;
    const path = `${ipv6}/${name}/accept_ra`;
    const takes = read(path) === '1' && read(`${ipv6}/${name}/forwarding`) === '0';
    if (name !== 'lo' && takes && write(path, '2')) done.push(`accept_ra of ${name} was set to 2`);
  }
  if (write(`${ipv6}/all/forwarding`, on ? '1' : '0')) done.push(`IPv6 forwarding was turned ${on ? 'on' : 'off'}`);
  return done;
}

/** Addresses of ours are usable at once, and nobody on the link tells us where its router is. */
export function quietIpv6(name: string): void {
  for (const key of ['accept_dad', 'accept_ra']) writeFileSync(`${ipv6}/${name}/${key}`, '0');
}

/** Lets answers for 127.0.0.1 come back over a link: a host port asked for there. True if that changed it. */
export function allowLoopback(name: string): boolean {
  return write(`/proc/sys/net/ipv4/conf/${name}/route_localnet`, '1');
}

/** True if it was another value. */
function write(path: string, value: string): boolean {
  if (read(path) === value) return false;
  writeFileSync(path, value);
  return true;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
