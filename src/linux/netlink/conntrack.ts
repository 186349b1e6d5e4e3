import { errnoOf } from '../../base/errors.ts';
import { ipText } from '../../base/ip.ts';
import { NetlinkSocket } from './socket.ts';
import { attribute, decodeAttributes, nested, number32, number8 } from './wire.ts';

const NETLINK_NETFILTER = 12;
const CTNETLINK = 1 << 8;
const CT_GET = CTNETLINK | 1;
const CT_DELETE = CTNETLINK | 2;
const CTA_TUPLE_ORIG = 1;
const CTA_TUPLE_REPLY = 2;
const CTA_ID = 12;
const CTA_ZONE = 18;
const CTA_FILTER = 25;
const CTA_TUPLE_IP = 1;
const CTA_TUPLE_PROTO = 2;
const CTA_PROTO_NUM = 1;
const CTA_PROTO_DST_PORT = 3;
const CTA_FILTER_ORIG_FLAGS = 1;
const CTA_FILTER_REPLY_FLAGS = 2;
/** Which parts of the tuple a dump is filtered by: protocol and destination port (nf_internals.h). */
const protocolAndPort = (1 << 3) | (1 << 5);
const UDP = 17;
const families = { ipv4: { number: 2, source: 1, target: 2 }, ipv6: { number: 10, source: 3, target: 4 } } as const;
type Family = (typeof families)[keyof typeof families];

/**
 * Deletes tracked UDP flows of a host port: those that lead to one of `addresses`, and those that ended at the host
 * itself. A flow keeps the way it once had for as long as its client goes on sending, whatever the rules say now.
 */
export function forgetFlows(
  { port, addresses }: { readonly port: number; readonly addresses: readonly string[] },
  local: ReadonlySet<string>,
): void {
  using socket = new NetlinkSocket(NETLINK_NETFILTER);
  for (const family of Object.values(families))
    for (const payload of flowsTo(socket, family, port)) {
      const attributes = decodeAttributes(payload, 4);
      const original = tupleOf(attributes.get(CTA_TUPLE_ORIG), family);
      const answering = tupleOf(attributes.get(CTA_TUPLE_REPLY), family);
      if (original.protocol !== UDP || original.targetPort !== port) continue;
      if (addresses.includes(answering.source) || (original.target === answering.source && local.has(original.target)))
        deleteFlow(socket, family, attributes);
    }
}

/** All of them where the kernel (before 5.8) knows no filter. */
function flowsTo(socket: NetlinkSocket, family: Family, port: number): readonly Buffer[] {
  const destination = Buffer.alloc(2);
  destination.writeUInt16BE(port);
  const protocol = [number8(CTA_PROTO_NUM, UDP), attribute(CTA_PROTO_DST_PORT, destination)];
  const filter = [number32(CTA_FILTER_ORIG_FLAGS, protocolAndPort), number32(CTA_FILTER_REPLY_FLAGS, 0)];
  const parts = [
    nfgenmsg(family),
    nested(CTA_TUPLE_ORIG, [nested(CTA_TUPLE_PROTO, protocol)]),
    nested(CTA_FILTER, filter),
  ];
  try {
    return socket.dump({ type: CT_GET, parts, what: 'list tracked flows' });
  } catch (error) {
    // Without connection tracking there is nothing to forget.
    if (errnoOf(error) === 'EINVAL' || errnoOf(error) === 'EOPNOTSUPP') return [];
    throw error;
  }
}

function tupleOf(encoded: Buffer | undefined, { source, target }: Family) {
  const tuple = decodeAttributes(encoded ?? Buffer.alloc(0), 0);
  const ip = decodeAttributes(tuple.get(CTA_TUPLE_IP) ?? Buffer.alloc(0), 0);
  const protocol = decodeAttributes(tuple.get(CTA_TUPLE_PROTO) ?? Buffer.alloc(0), 0);
  return {
    source: ipText(ip.get(source) ?? Buffer.alloc(4)),
    target: ipText(ip.get(target) ?? Buffer.alloc(4)),
    protocol: protocol.get(CTA_PROTO_NUM)?.[0],
    targetPort: protocol.get(CTA_PROTO_DST_PORT)?.readUInt16BE(),
  };
}

function deleteFlow(socket: NetlinkSocket, family: Family, attributes: ReadonlyMap<number, Buffer>): void {
  const parts = [CTA_TUPLE_ORIG, CTA_ID, CTA_ZONE].flatMap((type) => {
    const value = attributes.get(type);
    if (value === undefined) return [];
    return [type === CTA_TUPLE_ORIG ? nested(type, [value]) : attribute(type, value)];
  });
  try {
    socket.change({ type: CT_DELETE, parts: [nfgenmsg(family), ...parts], what: 'forget a tracked flow' });
  } catch (error) {
    // It ended by itself.
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/** struct nfgenmsg. */
const nfgenmsg = ({ number }: Family): Buffer => Buffer.from([number, 0, 0, 0]);
