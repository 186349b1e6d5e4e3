import { ipBytes } from '../../base/ip.ts';
import { familyOf, unlessPresent } from './addresses.ts';
import type { NetlinkSocket } from './socket.ts';
import { attribute, decodeAttributes, number32, numberOf } from './wire.ts';

const RTM_NEWROUTE = 24;
const RTM_GETROUTE = 26;
const NLM_F_EXCL = 0x200;
const NLM_F_CREATE = 0x400;
const AF_INET = 2;
const AF_INET6 = 10;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RT_TABLE_MAIN = 254;
const RTPROT_BOOT = 3;
const RTN_UNICAST = 1;

/** struct rtmsg of a route in the main table, by the length of its destination. */
function rtmsg(family: number, prefix = 0): Buffer {
  return Buffer.from([family, prefix, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, 0, RTN_UNICAST, 0, 0, 0, 0]);
}

/** The default route; being there already is fine. Errors: ENETUNREACH when the gateway is on no network of ours. */
export function addDefaultRoute(socket: NetlinkSocket, index: number, gateway: string): void {
  const bytes = ipBytes(gateway);
  unlessPresent(() => {
    socket.change({
      type: RTM_NEWROUTE,
      flags: NLM_F_CREATE | NLM_F_EXCL,
      parts: [rtmsg(familyOf(bytes)), attribute(RTA_GATEWAY, bytes), number32(RTA_OIF, index)],
      what: `add default route by ${gateway}`,
    });
  });
}

/** ifindex that the preferred default route of the main table goes out by, 0 without one. */
export function defaultRouteLink(socket: NetlinkSocket, family: 'ipv4' | 'ipv6' = 'ipv4'): number {
  const number = family === 'ipv4' ? AF_INET : AF_INET6;
  const routes = socket
    .dump({ type: RTM_GETROUTE, parts: [rtmsg(number)], what: 'list routes' })
    .filter((payload) => payload[0] === number && payload[1] === 0)
    .filter((payload) => payload[4] === RT_TABLE_MAIN && payload[7] === RTN_UNICAST)
    .map((payload) => decodeAttributes(payload, 12))
    .filter((attributes) => !attributes.has(RTA_DST) && attributes.has(RTA_OIF))
    .toSorted((a, b) => numberOf(a.get(RTA_PRIORITY)) - numberOf(b.get(RTA_PRIORITY)));
  return numberOf(routes[0]?.get(RTA_OIF));
}

/** ifindex by which the kernel sends to an address, 0 where it has no way. */
export function linkTowards(socket: NetlinkSocket, address: string): number {
  const bytes = ipBytes(address);
  const parts = [rtmsg(familyOf(bytes), bytes.length * 8), attribute(RTA_DST, bytes)];
  try {
    const answer = socket.get({ type: RTM_GETROUTE, parts, what: `find the way to ${address}` });
    return numberOf(decodeAttributes(answer, 12).get(RTA_OIF));
  } catch {
    return 0;
  }
}
