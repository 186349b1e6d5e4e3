import { ipBytes, ipText } from '../../base/ip.ts';
import { errnoOf } from '../../base/errors.ts';
import type { InterfaceAddress } from './calls.ts';
import type { NetlinkSocket } from './socket.ts';

import { attribute, decodeAttributes } from './wire.ts';

const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
const NLM_F_EXCL = 0x200;
const NLM_F_CREATE = 0x400;
const AF_UNSPEC = 0;
const AF_INET = 2;
const AF_INET6 = 10;
/** An IPv6 address that is usable at once: duplicate address detection would take a second. */
const IFA_F_NODAD = 0x02;
const IFA_F_PERMANENT = 0x80;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const RT_SCOPE_LINK = 253;

/** AF_INET or AF_INET6 of an address's bytes. */
export const familyOf = (bytes: Buffer): number => (bytes.length === 4 ? AF_INET : AF_INET6);

/** struct ifaddrmsg. */
function ifaddr(family: number, index: number, prefix: number): Buffer {
  const bytes = Buffer.from([family, prefix, IFA_F_PERMANENT | (family === AF_INET6 ? IFA_F_NODAD : 0), 0, 0, 0, 0, 0]);
  bytes.writeUInt32LE(index, 4);
  return bytes;
}

/** An address and the route to its network; being there already is fine. */
export function addAddress(socket: NetlinkSocket, index: number, { address, prefix }: InterfaceAddress): void {
  const bytes = ipBytes(address);
  unlessPresent(() => {
    socket.change({
      type: RTM_NEWADDR,
      flags: NLM_F_CREATE | NLM_F_EXCL,
      parts: [
        ifaddr(familyOf(bytes), index, prefix),
        attribute(IFA_LOCAL, bytes),
        attribute(IFA_ADDRESS, bytes),
        ...(bytes.length === 4 ? [attribute(IFA_BROADCAST, broadcastOf(bytes, prefix))] : []),
      ],
      what: `add address ${address}/${prefix}`,
    });
  });
}

function broadcastOf(address: Buffer, prefix: number): Buffer {
  const broadcast = Buffer.from(address);
  broadcast.writeUInt32BE((broadcast.readUInt32BE() | (prefix === 0 ? -1 : 2 ** (32 - prefix) - 1)) >>> 0);
  return broadcast;
}

export function removeAddress(socket: NetlinkSocket, index: number, { address, prefix }: InterfaceAddress): void {
  const bytes = ipBytes(address);
  const parts = [ifaddr(familyOf(bytes), index, prefix), attribute(IFA_LOCAL, bytes)];
  socket.change({ type: RTM_DELADDR, parts, what: `remove address ${address}/${prefix}` });
}

/** The addresses of all interfaces of the namespace, without IPv6's of the link. */
export function dumpAddresses(socket: NetlinkSocket): readonly (InterfaceAddress & { readonly index: number })[] {
  return socket
    .dump({ type: RTM_GETADDR, parts: [ifaddr(AF_UNSPEC, 0, 0)], what: 'list addresses' })
    .filter((payload) => payload[0] === AF_INET || (payload[0] === AF_INET6 && payload[3] !== RT_SCOPE_LINK))
    .map((payload) => {
      const attributes = decodeAttributes(payload, 8);
      const local = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS) ?? Buffer.alloc(4);
      return { index: payload.readUInt32LE(4), prefix: payload[1] ?? 0, address: ipText(local) };
    });
}

/** Runs a change of something that may be there already. */
export function unlessPresent(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}
