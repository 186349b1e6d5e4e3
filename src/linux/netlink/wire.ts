import { fail } from '../../base/errors.ts';

/** Netlink's encoding (linux/netlink.h): host byte order, which is little-endian on every machine Cricket runs on. */
export const headerBytes = 16;
const attributeHeaderBytes = 4;
const NLA_F_NESTED = 0x8000;
const NLA_TYPE_MASK = 0x3fff;

export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: Buffer;
}

/** An attribute encoded; those that are nested hold others. */
export type Attribute = Buffer;

const aligned = (length: number) => (length + 3) & ~3;

export function attribute(type: number, value: Buffer): Attribute {
  const length = attributeHeaderBytes + value.length;
  const encoded = Buffer.alloc(aligned(length));
  encoded.writeUInt16LE(length, 0);
  encoded.writeUInt16LE(type, 2);
  value.copy(encoded, attributeHeaderBytes);
  return encoded;
}

export function number32(type: number, value: number): Attribute {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return attribute(type, bytes);
}

export const number8 = (type: number, value: number): Attribute => attribute(type, Buffer.from([value]));
export const text = (type: number, value: string): Attribute => attribute(type, Buffer.from(`${value}\0`));
export const nested = (type: number, content: readonly Buffer[]): Attribute =>
  attribute(type | NLA_F_NESTED, Buffer.concat(content));

/** A request: header, the family's fixed part, attributes. */
export function encodeMessage(type: number, flags: number, sequence: number, parts: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(headerBytes);
  const message = Buffer.concat([header, ...parts]);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(type, 4);
  message.writeUInt16LE(flags, 6);
  message.writeUInt32LE(sequence, 8);
  return message;
}

/** The messages of one datagram. Errors: `internal` if a length runs past its end. */
export function* decodeMessages(datagram: Buffer): Generator<Message> {
  for (let at = 0; at + headerBytes <= datagram.length;) {
    const length = datagram.readUInt32LE(at);
    if (length < headerBytes || at + length > datagram.length) throw fail('internal', 'netlink message is cut short');
    yield {
      type: datagram.readUInt16LE(at + 4),
      flags: datagram.readUInt16LE(at + 6),
      sequence: datagram.readUInt32LE(at + 8),
      payload: datagram.subarray(at + headerBytes, at + length),
    };
    at += aligned(length);
  }
}

/** The attributes after `offset`, by type; of a repeated one the last. Errors: as decodeMessages. */
export function decodeAttributes(payload: Buffer, offset: number): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = aligned(offset); at + attributeHeaderBytes <= payload.length;) {
    const length = payload.readUInt16LE(at);
    if (length < attributeHeaderBytes || at + length > payload.length)
      throw fail('internal', 'netlink attribute is cut short');
    const type = payload.readUInt16LE(at + 2) & NLA_TYPE_MASK;
    found.set(type, payload.subarray(at + attributeHeaderBytes, at + length));
    at += aligned(length);
  }
  return found;
}

/** A NUL-terminated text attribute; '' if absent. */
export function textOf(value: Buffer | undefined): string {
  if (value === undefined) return '';
  const end = value.indexOf(0);
  return value.toString('utf8', 0, end < 0 ? value.length : end);
}

export const numberOf = (value: Buffer | undefined): number =>
  value === undefined || value.length < 4 ? 0 : value.readUInt32LE(0);
