import { fail } from '../../../base/errors.ts';

/** RFC 6455, 5.2. */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface MessageHandler {
  /** A part of a message, as it came in; `first` and `last` part of the message. A part may be empty. */
  message(part: Buffer, first: boolean, last: boolean): void;
  ping(payload: Buffer): void;
  close(): void;
}

const maxControl = 125;

interface Frame {
  readonly mask: Buffer;
  readonly fin: boolean;
  left: number;
  /** Bytes of it that came before: where the mask goes on. */
  at: number;
  /** It begins a message and nothing of it was passed on yet. */
  first: boolean;
}

/**
 * Takes apart what a client sends. Messages are passed on as they come in, whatever their length: nobody has to guess
 * how long one may be, and none has to fit into memory.
 */
export class MessageParser {
  readonly #handler: MessageHandler;
  #collected: Buffer = Buffer.alloc(0);
  #frame: Frame | undefined;
  #inMessage = false;

  constructor(handler: MessageHandler) {
    this.#handler = handler;
  }

  /** Changes the chunk: it is unmasked in place. Errors: `invalid_argument` for what breaks RFC 6455. */
  feed(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) rest = this.#frame === undefined ? this.#header(rest) : this.#passOn(this.#frame, rest);
  }

  #passOn(frame: Frame, rest: Buffer): Buffer {
    const part = rest.subarray(0, frame.left);
    unmask(part, frame.mask, frame.at);
    frame.at += part.length;
    frame.left -= part.length;
    this.#pass(frame, part);
    return rest.subarray(part.length);
  }

  #pass(frame: Frame, part: Buffer): void {
    const { first } = frame;
    frame.first = false;
    this.#frame = frame.left > 0 ? frame : undefined;
    const last = frame.fin && frame.left === 0;
    if (last) this.#inMessage = false;
    this.#handler.message(part, first, last);
  }

  /** The header of a frame, and the payload of a control frame. Answers what is not used yet. */
  #header(chunk: Buffer): Buffer {
    const all = this.#collected.length === 0 ? chunk : Buffer.concat([this.#collected, chunk]);
    this.#collected = Buffer.alloc(0);
    const head = readHeader(all);
    if (head === undefined) return this.#keep(all);
    if (head.opcode >= opcodes.close) return this.#control(head, all);
    const begins = head.opcode !== opcodes.continuation;
    if (head.opcode > opcodes.binary || begins === this.#inMessage) throw broken(`has opcode ${head.opcode} here`);
    this.#inMessage = true;
    const frame = { mask: head.mask, fin: head.fin, left: head.length, at: 0, first: begins };
    if (frame.left > 0) this.#frame = frame;
    else this.#pass(frame, Buffer.alloc(0));
    return all.subarray(head.size);
  }

  #control({ opcode, fin, length, mask, size }: Head, all: Buffer): Buffer {
    if (!fin || length > maxControl) throw broken('is a control frame in parts, or too long');
    if (all.length < size + length) return this.#keep(all);
    const payload = Buffer.from(all.subarray(size, size + length));
    unmask(payload, mask, 0);
    if (opcode === opcodes.ping) this.#handler.ping(payload);
    else if (opcode === opcodes.close) this.#handler.close();
    else if (opcode !== opcodes.pong) throw broken(`has opcode ${opcode}`);
    return all.subarray(size + length);
  }

  #keep(all: Buffer): Buffer {
    this.#collected = all;
    return Buffer.alloc(0);
  }
}

interface Head {
  readonly opcode: number;
  readonly fin: boolean;
  readonly length: number;
  readonly mask: Buffer;
  /** Bytes of the header itself. */
  readonly size: number;
}

/** Undefined: more bytes are needed. */
function readHeader(all: Buffer): Head | undefined {
  if (all.length < 2) return undefined;
  const [first, second] = [all.readUInt8(0), all.readUInt8(1)];
  if ((first & 0x70) !== 0) throw broken('uses an extension');
  if ((second & 0x80) === 0) throw broken('of a client is not masked');
  const short = second & 0x7f;
  const size = 6 + (short === 126 ? 2 : short === 127 ? 8 : 0);
  if (all.length < size) return undefined;
  const length = short === 126 ? all.readUInt16BE(2) : short === 127 ? Number(all.readBigUInt64BE(2)) : short;
  if (!Number.isSafeInteger(length)) throw broken('is longer than can be counted');
  // A copy: the chunk it stands in is unmasked in place and passed on.
  const mask = Buffer.from(all.subarray(size - 4, size));
  return { opcode: first & 0x0f, fin: (first & 0x80) !== 0, length, mask, size };
}

function unmask(part: Buffer, mask: Buffer, at: number): void {
  const [a = 0, b = 0, c = 0, d = 0] = [0, 1, 2, 3].map((i) => mask[(at + i) & 3] ?? 0);
  const whole = part.length & ~3;
  let i = 0;
  for (; i < whole; i += 4) {
    part[i] = (part[i] ?? 0) ^ a;
    part[i + 1] = (part[i + 1] ?? 0) ^ b;
    part[i + 2] = (part[i + 2] ?? 0) ^ c;
    part[i + 3] = (part[i + 3] ?? 0) ^ d;
  }
  for (; i < part.length; i += 1) part[i] = (part[i] ?? 0) ^ (mask[(at + i) & 3] ?? 0);
}

const broken = (what: string) => fail('invalid_argument', `a WebSocket frame ${what}`);

/** The header of a whole message to a client, with `spare` bytes behind it that count as the beginning of its payload. */
export function messageHeader(opcode: number, length: number, spare = 0): Buffer {
  const size = length <= maxControl ? 2 : length <= 0xffff ? 4 : 10;
  const header = Buffer.alloc(size + spare);
  header[0] = 0x80 | opcode;
  if (size === 2) header[1] = length;
  else if (size === 4) {
    header[1] = 126;
    header.writeUInt16BE(length, 2);
  } else {
    header[1] = 127;
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  return header;
}

/** A whole control frame. */
export const controlFrame = (opcode: number, payload: Buffer): Buffer =>
  Buffer.concat([messageHeader(opcode, payload.length), payload]);
