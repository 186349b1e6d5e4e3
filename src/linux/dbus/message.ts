import { decode, encode, textOf, variant } from './wire.ts';
import type { DBusValue, Variant } from './wire.ts';

export interface MethodCall {
  /** The bus name of who shall do it. */
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** Of the arguments; absent: there are none. */
  readonly signature?: string;
  readonly body?: readonly DBusValue[];
}

export type Message = Readonly<Record<'kind', 'return' | 'error' | 'signal' | 'call'>> & {
  /** The serial of the call that it answers; 0: of none. */
  readonly replyTo: number;
  readonly errorName: string;
  readonly interface: string;
  readonly member: string;
  readonly body: readonly DBusValue[];
};

const kinds = ['call', 'return', 'error', 'signal'] as const;
/** Codes of header fields (D-Bus specification, "Message Format"). */
const fields = { path: 1, interface: 2, member: 3, errorName: 4, replySerial: 5, destination: 6, signature: 8 };
/** Do not start the service that has the name: we only talk to what runs. */
const noAutoStart = 2;
const fixedHeader = 16;

const padded = (length: number) => Math.ceil(length / 8) * 8;

export function encodeCall(call: MethodCall, serial: number): Buffer {
  const { signature = '', body = [] } = call;
  const arguments_ = encode(signature, body);
  const header: readonly (readonly [number, Variant])[] = [
    [fields.path, variant('o', call.path)],
    [fields.interface, variant('s', call.interface)],
    [fields.member, variant('s', call.member)],
    [fields.destination, variant('s', call.destination)],
    ...(signature === '' ? [] : [[fields.signature, variant('g', signature)] as const]),
  ];
  const littleEndian = 'l'.charCodeAt(0);
  const start = [littleEndian, 1, noAutoStart, 1, arguments_.length, serial, header] as const;
  const head = encode('yyyyuua(yv)', start);
  return Buffer.concat([head, Buffer.alloc(padded(head.length) - head.length), arguments_]);
}

/** How long the message is that begins here; undefined: its beginning is not there yet. */
export function messageLength(bytes: Buffer): number | undefined {
  if (bytes.length < fixedHeader) return undefined;
  return padded(fixedHeader + bytes.readUInt32LE(12)) + bytes.readUInt32LE(4);
}

export function decodeMessage(bytes: Buffer): Message {
  const [, kind, , , bodyLength, , all] = decode('yyyyuua(yv)', bytes, 0);
  const given = new Map((all as readonly (readonly [number, Variant])[]).map(([code, { value }]) => [code, value]));
  const text = (code: number) => textOf(given.get(code));
  return {
    kind: kinds[Number(kind) - 1] ?? 'signal',
    replyTo: Number(given.get(fields.replySerial) ?? 0),
    errorName: text(fields.errorName),
    interface: text(fields.interface),
    member: text(fields.member),
    body: decode(text(fields.signature), bytes, bytes.length - Number(bodyLength)),
  };
}
