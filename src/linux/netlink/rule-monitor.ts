import { errnoOf } from '../../base/errors.ts';
import { bindSocket, closeDescriptor, openSocket, receiveSocket } from '../sockets.ts';
import type { Watcher } from '../watcher.ts';
import { decodeAttributes, decodeMessages, textOf } from './wire.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_NETFILTER = 12;
/** NFNLGRP_NFTABLES as a bit of sockaddr_nl. */
const nftablesGroup = 1 << (7 - 1);
const MSG_DONTWAIT = 0x40;
const NFNL_SUBSYS_NFTABLES = 10;
/** NFT_MSG_* of linux/netfilter/nf_tables.h: a table, chain, rule or set went. Elements come and go all the time. */
const deletions = [2, 5, 8, 11];
const NEWCHAIN = 3;
const DELCHAIN = 5;
const CHAIN_HOOK = 4;

const received = Buffer.allocUnsafeSlow(64 * 1024);

/** Something of a table is gone, or a chain that packets enter by came, changed or went. */
export interface RuleChange {
  readonly table: string;
  readonly what: 'deleted' | 'base chain';
}

/**
 * Tells of changes to the rules of the network namespace, whoever makes them, as they happen. `'lost'`: more came than
 * the socket holds. Errors: those of socket(2) and bind(2).
 */
export function watchRules(watcher: Watcher, onChange: (change: RuleChange | 'lost') => void): Disposable {
  const fd = openSocket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK, 0);
  address.writeUInt32LE(nftablesGroup, 8);
  bindSocket(fd, address);
  const watch = watcher.onReadable(fd, () => drain(fd, onChange));
  return {
    [Symbol.dispose]: () => {
      watch[Symbol.dispose]();
      closeDescriptor(fd);
    },
  };
}

function drain(fd: number, onChange: (change: RuleChange | 'lost') => void): void {
  for (;;) {
    try {
      const length = receiveSocket(fd, received, MSG_DONTWAIT);
      for (const change of changesIn(received.subarray(0, length))) onChange(change);
    } catch (error) {
      if (errnoOf(error) === 'EAGAIN') return;
      // ENOBUFS, and anything else that keeps us from knowing.
      onChange('lost');
      return;
    }
  }
}

/** The changes that one datagram of the kernel tells of. */
export function changesIn(datagram: Buffer): readonly RuleChange[] {
  return [...decodeMessages(datagram)].flatMap(({ type, payload }): readonly RuleChange[] => {
    const kind = type & 0xff;
    if (type >> 8 !== NFNL_SUBSYS_NFTABLES || (kind !== NEWCHAIN && !deletions.includes(kind))) return [];
    const attributes = decodeAttributes(payload, 4);
    // NFTA_*_TABLE is 1 in every kind.
    const table = textOf(attributes.get(1));
    const isBase = (kind === NEWCHAIN || kind === DELCHAIN) && attributes.has(CHAIN_HOOK);
    const deleted: RuleChange[] = deletions.includes(kind) ? [{ table, what: 'deleted' }] : [];
    return isBase ? [...deleted, { table, what: 'base chain' }] : deleted;
  });
}
