import { errnoOf } from '../../base/errors.ts';
import type { InterfaceAddress } from './calls.ts';
import type { NetlinkSocket } from './socket.ts';
import { attribute, decodeAttributes, number32, numberOf } from './wire.ts';

const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
const RTM_NEWROUTE = 24;
const RTM_GETROUTE = 26;
const NLM_F_EXCL = 0x200;
const NLM_F_CREATE = 0x400;
const AF_INET = 2;
const IFA_F_PERMANENT = 0x80;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RT_TABLE_MAIN = 254;
const RTPROT_BOOT = 3;
const RTN_UNICAST = 1;

const ipv4 = (address: string): Buffer => Buffer.from(address.split('.').map(Number));

/** struct ifaddrmsg of an IPv4 address. */
function ifaddr(index: number, prefix: number): Buffer {
  const bytes = Buffer.from([AF_INET, prefix, IFA_F_PERMANENT, 0, 0, 0, 0, 0]);
  bytes.writeUInt32LE(index, 4);
  return bytes;
}

/** An address and the route to its network; being there already is fine. */
export function addAddress(socket: NetlinkSocket, index: number, { address, prefix }: InterfaceAddress): void {
  const broadcast = ipv4(address);
  broadcast.writeUInt32BE((broadcast.readUInt32BE() | (prefix === 0 ? -1 : 2 ** (32 - prefix) - 1)) >>> 0);
  unlessPresent(() => {
    socket.change({
      type: RTM_NEWADDR,
      flags: NLM_F_CREATE | NLM_F_EXCL,
      parts: [
        ifaddr(index, prefix),
        attribute(IFA_LOCAL, ipv4(address)),
        attribute(IFA_ADDRESS, ipv4(address)),
        attribute(IFA_BROADCAST, broadcast),
      ],
      what: `add address ${address}/${prefix}`,
    });
  });
}

export function removeAddress(socket: NetlinkSocket, index: number, { address, prefix }: InterfaceAddress): void {
  const parts = [ifaddr(index, prefix), attribute(IFA_LOCAL, ipv4(address))];
  socket.change({ type: RTM_DELADDR, parts, what: `remove address ${address}/${prefix}` });
}

/** The IPv4 addresses of all interfaces of the namespace. */
export function dumpAddresses(socket: NetlinkSocket): readonly (InterfaceAddress & { readonly index: number })[] {
  return socket
    .dump({ type: RTM_GETADDR, parts: [ifaddr(0, 0)], what: 'list addresses' })
    .filter((payload) => payload[0] === AF_INET)
    .map((payload) => {
      const attributes = decodeAttributes(payload, 8);
      const local = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS) ?? Buffer.alloc(4);
      return { index: payload.readUInt32LE(4), prefix: payload[1] ?? 0, address: [...local].join('.') };
    });
}

/** struct rtmsg of an IPv4 default route in the main table. */
const rtmsg = (): Buffer => Buffer.from([AF_INET, 0, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, 0, RTN_UNICAST, 0, 0, 0, 0]);

/** The default route; being there already is fine. Errors: ENETUNREACH when the gateway is on no network of ours. */
export function addDefaultRoute(socket: NetlinkSocket, index: number, gateway: string): void {
  unlessPresent(() => {
    socket.change({
      type: RTM_NEWROUTE,
      flags: NLM_F_CREATE | NLM_F_EXCL,
      parts: [rtmsg(), attribute(RTA_GATEWAY, ipv4(gateway)), number32(RTA_OIF, index)],
      what: `add default route by ${gateway}`,
    });
  });
}

/** ifindex that the preferred IPv4 default route of the main table goes out by, 0 without one. */
export function defaultRouteLink(socket: NetlinkSocket): number {
  const routes = socket
    .dump({ type: RTM_GETROUTE, parts: [rtmsg()], what: 'list routes' })
    .filter((payload) => payload[0] === AF_INET && payload[1] === 0 && payload[4] === RT_TABLE_MAIN)
    .map((payload) => decodeAttributes(payload, 12))
    .filter((attributes) => !attributes.has(RTA_DST) && attributes.has(RTA_OIF))
    .toSorted((a, b) => numberOf(a.get(RTA_PRIORITY)) - numberOf(b.get(RTA_PRIORITY)));
  return numberOf(routes[0]?.get(RTA_OIF));
}

function unlessPresent(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}
