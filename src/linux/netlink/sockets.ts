import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { errnoOf } from '../../base/errors.ts';
import { ipText } from '../../base/ip.ts';
import type { Listener, TransportPort } from './calls.ts';
import { NetlinkSocket } from './socket.ts';
import { decodeAttributes } from './wire.ts';

const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const AF_INET = 2;
const AF_INET6 = 10;
const protocols = { tcp: 6, udp: 17, sctp: 132 } as const;
/** Bits of the states that wait for anybody: LISTEN, and for UDP unconnected (net/tcp_states.h). */
const states = { tcp: 1 << 10, udp: 1 << 7, sctp: 1 << 10 } as const;
const INET_DIAG_SKV6ONLY = 11;
/** struct inet_diag_msg: 4 bytes, the socket's id of 48, five numbers. */
const messageBytes = 72;
const inodeOffset = 68;
const sourceOffset = 8;

/** By sock_diag(7): sockets of the thread's network namespace. A protocol that the kernel lacks has none. */
export function listeners(port: TransportPort): readonly Listener[] {
  using socket = new NetlinkSocket(NETLINK_SOCK_DIAG);
  return [AF_INET, AF_INET6].flatMap((family) => listenersOf(socket, family, port));
}

function listenersOf(socket: NetlinkSocket, family: number, { protocol, port }: TransportPort): readonly Listener[] {
  const request = Buffer.alloc(56);
  request.set([family, protocols[protocol]]);
  request.writeUInt32LE(states[protocol], 4);
  request.writeUInt16BE(port, 8);
  try {
    const found = socket.dump({ type: SOCK_DIAG_BY_FAMILY, parts: [request], what: `list ${protocol} sockets` });
    return found.filter((message) => message.readUInt16BE(4) === port).map(parseListener);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function parseListener(message: Buffer): Listener {
  const ipv4 = message[0] === AF_INET;
  const address = ipText(message.subarray(sourceOffset, sourceOffset + (ipv4 ? 4 : 16)));
  const v6only = decodeAttributes(message, messageBytes).get(INET_DIAG_SKV6ONLY)?.[0] === 1;
  return { address, bothFamilies: !ipv4 && !v6only, inode: message.readUInt32LE(inodeOffset) };
}

/** Whoever has the socket open; the kernel's own (NFS) have no process. */
export function socketOwner(inode: number): string {
  const wanted = `socket:[${inode}]`;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    if (holds(pid, wanted)) return `${nameOf(pid)} (process ${pid})`;
  return 'a socket of the kernel or of a process that cannot be seen';
}

function holds(pid: string, wanted: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === wanted);
  } catch {
    return false;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'a process that ended';
  }
}
