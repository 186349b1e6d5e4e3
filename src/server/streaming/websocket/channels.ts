import { Channel } from '../channel.ts';
import type { ChannelOwner } from '../channel.ts';
import { Held } from '../held.ts';
import type { Codec } from './codec.ts';
import type { WebSocketConnection } from './connection.ts';

export interface ChannelsOptions {
  readonly codec: Codec;
  /** How many channels there are, from 0. */
  readonly count: number;
  /** v5: a message of 255 and a channel ends what the client sends on that channel. */
  readonly canClose: boolean;
  /** Bytes that its channels may hold together beside 64 KiB each, before the client has to wait. */
  readonly heldLimit: number;
  readonly onClosed: () => void;
}

/** First byte of a message that ends a channel (KEP-4006). */
const closeSignal = 255;

/** Numbered channels in a WebSocket: the first byte of each message says which one it is for. */
export class WebSocketChannels implements ChannelOwner {
  readonly all: readonly Channel[];
  readonly #connection: WebSocketConnection;
  readonly #options: ChannelsOptions;
  readonly #held: Held;
  /** Of the message that is coming in; undefined before its first byte. */
  #target: number | undefined;
  #decode: (part: Buffer, last: boolean) => Buffer;

  constructor(connection: WebSocketConnection, options: ChannelsOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#decode = options.codec.decoder();
    this.#held = new Held(options.heldLimit, (paused) => connection.pause(paused));
    this.all = Array.from({ length: options.count }, (_, id) => new Channel(id, this));
  }

  /** Takes what comes in from now on. */
  listen(): void {
    this.#connection.listen({
      message: (part, first, last) => this.#receive(part, first, last),
      closed: () => {
        for (const channel of this.all) channel.destroy(new Error('the client is gone'));
        this.#options.onClosed();
      },
    });
  }

  /** An empty message. */
  greet(id: number): void {
    const { codec } = this.#options;
    this.#connection.send(codec.opcode, codec.name(id), Buffer.alloc(0), () => undefined);
  }

  close(): void {
    this.#connection.close();
    for (const channel of this.all) channel.destroy();
  }

  send(channel: Channel, chunk: Buffer, done: () => void): void {
    const { codec } = this.#options;
    this.#connection.send(codec.opcode, codec.name(channel.id), codec.encode(chunk), done);
  }

  finish(): void {
    // No protocol has a word for it: the end of the connection says it for all.
  }

  forget(channel: Channel): void {
    this.#held.delete(channel);
  }

  wanted(channel: Channel): void {
    this.#held.delete(channel);
  }

  #receive(part: Buffer, first: boolean, last: boolean): void {
    if (first) {
      this.#target = undefined;
      this.#decode = this.#options.codec.decoder();
    }
    let rest = part;
    if (this.#target === undefined && rest.length > 0) {
      this.#target = rest.readUInt8(0);
      rest = rest.subarray(1);
    }
    if (this.#target === undefined) return;
    if (this.#target === closeSignal && this.#options.canClose) {
      if (rest.length > 0) this.all[rest.readUInt8(0)]?.receiveEnd();
      return;
    }
    const channel = this.all[this.#options.codec.channel(this.#target)];
    const bytes = this.#decode(rest, last);
    if (channel !== undefined && !channel.receive(bytes)) this.#held.add(channel);
  }
}
