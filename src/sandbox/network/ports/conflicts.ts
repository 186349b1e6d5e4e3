import { isIPv6 } from 'node:net';
import { canonicalIp } from '../../../base/ip.ts';
import type { Listener } from '../../../linux/netlink/calls.ts';
import type { PortMapping } from '../../pod/record.ts';

/** The addresses of the host that something is on: `all`, all of one family (`all4`, `all6`), or one. */
function scopeOf(hostIp: string): string {
  if (hostIp === '') return 'all';
  const ip = canonicalIp(hostIp);
  return ip === '0.0.0.0' ? 'all4' : ip === '::' ? 'all6' : ip;
}

function meet(a: string, b: string): boolean {
  if (a === b || a === 'all' || b === 'all') return true;
  const [family, other] = a.startsWith('all') ? [a, b] : [b, a];
  return family.startsWith('all') && !other.startsWith('all') && isIPv6(other) === (family === 'all6');
}

/** Whether two pods cannot have these at the same time. */
export function collide(a: PortMapping, b: PortMapping): boolean {
  return a.protocol === b.protocol && a.hostPort === b.hostPort && meet(scopeOf(a.hostIp), scopeOf(b.hostIp));
}

/** Whether a socket of the host would lose its peers to the port. */
export function isListenedOn(port: PortMapping, { address, bothFamilies }: Listener): boolean {
  const wide = address === '::' && bothFamilies;
  return meet(scopeOf(port.hostIp), wide ? 'all' : scopeOf(address));
}

/** `tcp 8080` or `udp 10.0.0.1:53`, for messages. */
export function portTitle({ protocol, hostIp, hostPort }: PortMapping): string {
  const host = isIPv6(hostIp) ? `[${hostIp}]:` : hostIp === '' ? '' : `${hostIp}:`;
  return `${protocol} ${host}${hostPort}`;
}
