import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { constants, deflateRawSync, deflateSync } from 'node:zlib';
import { dictionary } from '../../../src/server/streaming/spdy/dictionary.ts';

/** What came on one stream. */
export interface Heard {
  readonly chunks: Buffer[];
  replied: boolean;
  ended: boolean;
  reset: number | undefined;
}

/** A SPDY/3.1 client that says what it is told to, true or false. Headers are compressed as a Go client does it. */
export class SpdyClient {
  readonly socket: Socket;
  /** Status line and headers of the answer. */
  readonly answer: string;
  readonly streams = new Map<number, Heard>();
  readonly pings: number[] = [];
  goneAway = false;
  closed = false;
  /** Every number of bytes of data, over all streams. */
  received = 0;
  #before = dictionary;
  #begun = false;
  #pending: Buffer = Buffer.alloc(0);
  #nextId = 1;

  constructor(socket: Socket, answer: string, head: Buffer) {
    this.socket = socket;
    this.answer = answer;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('close', () => (this.closed = true));
    if (head.length > 0) this.#read(head);
  }

  /** Opens a stream; answers its id. */
  open(headers: Readonly<Record<string, string>>, id = this.#nextId): number {
    this.#nextId = id + 2;
    this.socket.write(frame(1, Buffer.concat([words(id, 0), Buffer.from([0, 0]), this.compress(headers)])));
    this.stream(id);
    return id;
  }

  compress(headers: Readonly<Record<string, string>>): Buffer {
    const entries = Object.entries(headers);
    const text = (value: string) => Buffer.concat([words(value.length), Buffer.from(value)]);
    const plain = Buffer.concat([words(entries.length), ...entries.flatMap((pair) => pair.map(text))]);
    const compress = this.#begun ? deflateRawSync : deflateSync;
    const block = compress(plain, { dictionary: this.#before, finishFlush: constants.Z_SYNC_FLUSH });
    this.#begun = true;
    this.#before = Buffer.concat([this.#before, plain]).subarray(-32_768);
    return block;
  }

  /** False: wait for the socket's drain. */
  data(id: number, bytes: Uint8Array, fin = false): boolean {
    this.socket.write(dataHeader(id, bytes.length, fin));
    return this.socket.write(bytes);
  }

  reset(id: number): void {
    this.socket.write(frame(3, words(id, 5)));
  }

  ping(id: number): void {
    this.socket.write(frame(6, words(id)));
  }

  stream(id: number): Heard {
    const known = this.streams.get(id);
    if (known !== undefined) return known;
    const heard: Heard = { chunks: [], replied: false, ended: false, reset: undefined };
    this.streams.set(id, heard);
    return heard;
  }

  text(id: number): string {
    return Buffer.concat(this.stream(id).chunks).toString('latin1');
  }

  #read(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    for (;;) {
      if (this.#pending.length < 8) return;
      const length = this.#pending.readUInt32BE(4) & 0xff_ffff;
      if (this.#pending.length < 8 + length) return;
      this.#frame(this.#pending.readUInt32BE(0), this.#pending[4] ?? 0, this.#pending.subarray(8, 8 + length));
      this.#pending = this.#pending.subarray(8 + length);
    }
  }

  #frame(first: number, flags: number, payload: Buffer): void {
    if (first < 0x8000_0000) {
      const heard = this.stream(first);
      if (payload.length > 0) heard.chunks.push(Buffer.from(payload));
      this.received += payload.length;
      if ((flags & 1) === 1) heard.ended = true;
      return;
    }
    const type = first & 0xffff;
    if (type === 2) this.stream(payload.readUInt32BE(0)).replied = true;
    if (type === 3) this.stream(payload.readUInt32BE(0)).reset = payload.readUInt32BE(4);
    if (type === 6) this.pings.push(payload.readUInt32BE(0));
    if (type === 7) this.goneAway = true;
  }
}

export function frame(type: number, payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0x80, 3, 0, type]), words(payload.length), payload]);
}

export function dataHeader(id: number, length: number, fin = false): Buffer {
  return words(id, (fin ? 0x100_0000 : 0) + length);
}

function words(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => buffer.writeUInt32BE(value, 4 * i));
  return buffer;
}

/** The answer to an upgrade, whatever it is, and the socket behind it. */
export async function requestUpgrade(
  url: string,
  headers: readonly string[],
  method = 'POST',
): Promise<{ readonly socket: Socket; readonly answer: string; readonly head: Buffer }> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect({ host: hostname.replace(/[[\]]/g, ''), port: Number(port) });
  socket.on('error', () => undefined);
  socket.write([`${method} ${pathname} HTTP/1.1`, `Host: ${hostname}`, ...headers, '', ''].join('\r\n'));
  let got = Buffer.alloc(0);
  for await (const [chunk] of on(socket)) {
    got = Buffer.concat([got, chunk]);
    const end = got.indexOf('\r\n\r\n');
    if (end >= 0) return { socket, answer: got.toString('latin1', 0, end), head: got.subarray(end + 4) };
  }
  return { socket, answer: got.toString('latin1'), head: Buffer.alloc(0) };
}

async function* on(socket: Socket): AsyncGenerator<[Buffer]> {
  while (!socket.readableEnded && !socket.destroyed) {
    const chunk = socket.read() as Buffer | null;
    if (chunk !== null) yield [chunk];
    else await Promise.race(['readable', 'end', 'close'].map(async (name) => once(socket, name)));
  }
}

export const spdyHeaders = (protocol: string): readonly string[] => [
  'Connection: Upgrade',
  'Upgrade: SPDY/3.1',
  'Content-Length: 0',
  ...(protocol === '' ? [] : [`X-Stream-Protocol-Version: ${protocol}`]),
];

/** Errors: when it is not answered by 101. */
export async function connectSpdy(url: string, protocol = 'v4.channel.k8s.io'): Promise<SpdyClient> {
  const { socket, answer, head } = await requestUpgrade(url, spdyHeaders(protocol));
  if (!answer.startsWith('HTTP/1.1 101 ')) throw new Error(answer);
  return new SpdyClient(socket, answer, head);
}
