import { Duplex } from 'node:stream';

/** Bytes that a channel holds in each direction before it asks to wait. */
const highWaterMark = 64 * 1024;

/** The connection that a channel is one of many on. */
export interface ChannelOwner {
  /** Sends; calls back when more may come. */
  send(channel: Channel, chunk: Buffer, done: () => void): void;
  /** Nothing more is sent on it. */
  finish(channel: Channel): void;
  /** It is over; `whole`: both halves came to their end. */
  forget(channel: Channel, whole: boolean): void;
  /** It takes more again. */
  wanted(channel: Channel): void;
}

/** One of the streams that share a connection. Who does not read it makes its owner wait. */
export class Channel extends Duplex {
  readonly id: number;
  readonly #owner: ChannelOwner;
  #remoteEnded = false;

  constructor(id: number, owner: ChannelOwner) {
    super({ highWaterMark });
    this.id = id;
    this.#owner = owner;
    // Its owner tells of broken connections; a channel that nobody looks at must not end the daemon.
    this.on('error', () => undefined);
  }

  /** What the other end sent. Answers whether it wants more now. */
  receive(chunk: Buffer): boolean {
    return this.#remoteEnded || this.destroyed || chunk.length === 0 || this.push(chunk);
  }

  /** The other end sends no more. */
  receiveEnd(): void {
    if (this.#remoteEnded) return;
    this.#remoteEnded = true;
    if (!this.destroyed) this.push(null);
  }

  /** Nothing more is sent on it; resolves when the last of it is, or it is over. */
  async sendEnd(last?: Buffer): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.destroyed || this.writableFinished) return;
    this.once('finish', resolve);
    this.once('close', resolve);
    this.end(last);
    await promise;
  }

  override _read(): void {
    this.#owner.wanted(this);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#owner.send(this, chunk, done);
  }

  override _final(done: () => void): void {
    this.#owner.finish(this);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#owner.forget(this, this.#remoteEnded && this.writableFinished);
    done(error);
  }
}
