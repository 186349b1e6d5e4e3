import { closeSync, openSync } from 'node:fs';
import { errnoOf, fail } from '../../base/errors.ts';
import { libc } from '../libc.ts';
import type { Link } from './calls.ts';
import type { NetlinkSocket } from './socket.ts';
import { attribute, decodeAttributes, nested, number32, number8, numberOf, text, textOf } from './wire.ts';

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const NLM_F_EXCL = 0x200;
const NLM_F_CREATE = 0x400;
const IFF_UP = 1;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_MASTER = 10;
const IFLA_OPERSTATE = 16;
const IFLA_LINKINFO = 18;
const IFLA_IFALIAS = 20;
const IFLA_NET_NS_FD = 28;
const IFLA_EXT_MASK = 29;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_INFO_SLAVE_KIND = 4;
const IFLA_INFO_SLAVE_DATA = 5;
const IFLA_BRPORT_MODE = 4;
const VETH_INFO_PEER = 1;
const RTEXT_FILTER_SKIP_STATS = 8;
const IF_OPER_UP = 6;

/** struct ifinfomsg: family, type, index, flags, mask of the flags meant. */
function ifinfo(index: number, flags = 0, mask = 0): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeInt32LE(index, 4);
  bytes.writeUInt32LE(flags, 8);
  bytes.writeUInt32LE(mask, 12);
  return bytes;
}

const mac = (address: string) => attribute(IFLA_ADDRESS, Buffer.from(address.replaceAll(':', ''), 'hex'));
const kind = (name: string) => text(IFLA_INFO_KIND, name);

/**
 * A bridge that is up. Its address is set, so that it does not follow the lowest of its ports. Its MTU is set after
 * the creation: one given with that counts as nobody's wish, and becomes 1500 when the last port goes. Errors: EEXIST.
 */
export function createBridge(socket: NetlinkSocket, name: string, address: string, mtu: number): void {
  socket.change({
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    parts: [ifinfo(0, IFF_UP, IFF_UP), text(IFLA_IFNAME, name), mac(address), nested(IFLA_LINKINFO, [kind('bridge')])],
    what: `create bridge ${name}`,
  });
  changeLink(socket, name, { mtu });
}

export interface VethPlan {
  readonly hostLink: string;
  readonly master: number;
  readonly mtu: number;
  readonly netns: string;
  readonly ifname: string;
  readonly mac: string;
}

/**
 * A pair with its one end up on a bridge and the other, still down, in the namespace pinned at `netns`. (The peer
 * cannot be brought up by the same request: ENOTCONN, it has no other end yet.) Errors: EEXIST for either name.
 */
export function createVeth(socket: NetlinkSocket, plan: VethPlan): void {
  const netns = openSync(plan.netns, 'r');
  try {
    const peer = [
      ifinfo(0),
      text(IFLA_IFNAME, plan.ifname),
      number32(IFLA_MTU, plan.mtu),
      mac(plan.mac),
      number32(IFLA_NET_NS_FD, netns),
    ];
    socket.change({
      type: RTM_NEWLINK,
      flags: NLM_F_CREATE | NLM_F_EXCL,
      parts: [
        ifinfo(0, IFF_UP, IFF_UP),
        text(IFLA_IFNAME, plan.hostLink),
        number32(IFLA_MTU, plan.mtu),
        number32(IFLA_MASTER, plan.master),
        nested(IFLA_LINKINFO, [kind('veth'), nested(IFLA_INFO_DATA, [nested(VETH_INFO_PEER, peer)])]),
      ],
      what: `create veth ${plan.hostLink}`,
    });
  } finally {
    closeSync(netns);
  }
}

/** What to change of a link; what is absent stays. `master` 0 takes it off its bridge. */
export interface LinkChange {
  readonly up?: boolean;
  readonly mtu?: number;
  readonly master?: number;
  readonly alias?: string;
  readonly rename?: string;
  /** A bridge port that may send a frame back where it came from: a pod reaching itself by a host port. */
  readonly hairpin?: boolean;
}

/** Errors: ENODEV. */
export function changeLink(socket: NetlinkSocket, name: string, change: LinkChange): void {
  const parts = [change.up === undefined ? ifinfo(0) : ifinfo(0, change.up ? IFF_UP : 0, IFF_UP)];
  if (change.rename === undefined) parts.push(text(IFLA_IFNAME, name));
  else {
    // Only by index can a request hold the new name.
    const index = findLink(socket, name)?.index;
    if (index === undefined) throw fail('not_found', `rename link ${name}: no such link`);
    parts[0] = ifinfo(index);
    parts.push(text(IFLA_IFNAME, change.rename));
  }
  if (change.mtu !== undefined) parts.push(number32(IFLA_MTU, change.mtu));
  if (change.master !== undefined) parts.push(number32(IFLA_MASTER, change.master));
  if (change.alias !== undefined) parts.push(attribute(IFLA_IFALIAS, Buffer.from(change.alias)));
  if (change.hairpin !== undefined) {
    const port = nested(IFLA_INFO_SLAVE_DATA, [number8(IFLA_BRPORT_MODE, Number(change.hairpin))]);
    parts.push(nested(IFLA_LINKINFO, [text(IFLA_INFO_SLAVE_KIND, 'bridge'), port]));
  }
  socket.change({ type: RTM_NEWLINK, parts, what: `change link ${name}` });
}

/** Deletes a link, with its peer. False if there was none. */
export function deleteLink(socket: NetlinkSocket, name: string): boolean {
  return existed(() => {
    socket.change({ type: RTM_DELLINK, parts: [ifinfo(0), text(IFLA_IFNAME, name)], what: `delete link ${name}` });
  });
}

/** Runs a change of something that may be gone. */
export function existed(act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENODEV') return false;
    throw error;
  }
}

const indexOfName = libc.func('unsigned int if_nametoindex(const char *name)');

/** ifindex of a link of the thread's network namespace, 0 without one. Unlike findLink it waits for no lock. */
export const linkIndex = (name: string): number => indexOfName(name) as number;

export function findLink(socket: NetlinkSocket, name: string): Link | undefined {
  try {
    const parts = [ifinfo(0), text(IFLA_IFNAME, name), number32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS)];
    return parseLink(socket.get({ type: RTM_GETLINK, parts, what: `find link ${name}` }));
  } catch (error) {
    if (errnoOf(error) === 'ENODEV') return undefined;
    throw error;
  }
}

export function dumpLinks(socket: NetlinkSocket): readonly Link[] {
  const parts = [ifinfo(0), number32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS)];
  return socket.dump({ type: RTM_GETLINK, parts, what: 'list links' }).map(parseLink);
}

function parseLink(payload: Buffer): Link {
  const attributes = decodeAttributes(payload, 16);
  const info = attributes.get(IFLA_LINKINFO);
  return {
    index: payload.readInt32LE(4),
    name: textOf(attributes.get(IFLA_IFNAME)),
    master: numberOf(attributes.get(IFLA_MASTER)),
    up: (payload.readUInt32LE(8) & IFF_UP) !== 0,
    running: attributes.get(IFLA_OPERSTATE)?.[0] === IF_OPER_UP,
    kind: textOf(info === undefined ? undefined : decodeAttributes(info, 0).get(IFLA_INFO_KIND)),
    mtu: numberOf(attributes.get(IFLA_MTU)),
    mac: (attributes.get(IFLA_ADDRESS)?.toString('hex') ?? '').replace(/..(?!$)/g, '$&:'),
    alias: textOf(attributes.get(IFLA_IFALIAS)),
  };
}
