import { Channel } from '../channel.ts';
import type { ChannelOwner } from '../channel.ts';
import { Held } from '../held.ts';
import type { Receiver, Wire } from '../wire.ts';
import { dataHeader, emptySettings, finFlag, goAway, ping, resetStatus, rstStream, synReply } from './frames.ts';
import type { Headers } from './header-block.ts';
import { FrameParser } from './parser.ts';
import type { FrameHandler } from './parser.ts';

export interface SpdyOptions {
  /** Streams that may be open at once; more are refused. */
  readonly maxStreams: number;
  /** Bytes that its streams may hold together beside 64 KiB each, before the client has to wait. */
  readonly heldLimit: number;
  /** A stream that the client opens; nothing may be sent on it yet. False: it is refused. */
  readonly onStream: (channel: Channel, headers: Headers) => boolean;
  /** The client is gone, or spoke nonsense; every stream is destroyed. */
  readonly onClosed: () => void;
}

/** The server's end of a SPDY/3.1 connection (draft 3), whose streams only the client opens. */
export class SpdyConnection implements ChannelOwner {
  readonly #wire: Wire;
  readonly #options: SpdyOptions;
  readonly #channels = new Map<number, Channel>();
  readonly #held: Held;
  #lastId = 0;
  #replied = false;
  #closed = false;

  constructor(wire: Wire, options: SpdyOptions) {
    this.#wire = wire;
    this.#options = options;
    this.#held = new Held(options.heldLimit, (paused) => wire.pause(paused));
    const parser = new FrameParser(this.#handler());
    const receiver: Receiver = {
      data: (chunk) => {
        try {
          parser.feed(chunk);
        } catch {
          wire.destroy();
        }
      },
      probe: () => wire.reply(emptySettings()),
      closed: () => this.#onClosed(),
    };
    wire.listen(receiver);
  }

  /** Says goodbye and closes, once all that was sent is through. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wire.send(goAway(this.#lastId));
    this.#wire.end();
    for (const channel of this.#channels.values()) channel.destroy();
  }

  send(channel: Channel, chunk: Buffer, done: () => void): void {
    this.#wire.send(dataHeader(channel.id, chunk.length, 0), chunk);
    this.#wire.whenReady(done);
  }

  finish(channel: Channel): void {
    if (this.#channels.has(channel.id)) this.#wire.send(dataHeader(channel.id, 0, finFlag));
  }

  forget(channel: Channel, whole: boolean): void {
    this.#held.delete(channel);
    if (!this.#channels.delete(channel.id) || whole || this.#closed) return;
    this.#wire.reply(rstStream(channel.id, resetStatus.cancel));
  }

  wanted(channel: Channel): void {
    this.#held.delete(channel);
  }

  #handler(): FrameHandler {
    return {
      stream: (id, headers, fin) => this.#open(id, headers, fin),
      data: (id, bytes, fin) => {
        const channel = this.#channels.get(id);
        if (channel === undefined) return;
        if (!channel.receive(bytes)) this.#held.add(channel);
        if (fin) channel.receiveEnd();
      },
      reset: (id) => {
        const channel = this.#channels.get(id);
        this.#channels.delete(id);
        channel?.destroy(new Error('the client reset the stream'));
      },
      ping: (id) => {
        // Odd ones are the client's; even ones would answer ours, and there are none.
        if (id % 2 === 1) this.#wire.reply(ping(id));
      },
      goAway: () => undefined,
    };
  }

  #open(id: number, headers: Headers, fin: boolean): void {
    if (this.#closed) return;
    if (id % 2 === 0 || id <= this.#lastId) {
      this.#wire.destroy();
      return;
    }
    this.#lastId = id;
    const channel = new Channel(id, this);
    if (this.#channels.size >= this.#options.maxStreams || !this.#options.onStream(channel, headers)) {
      this.#wire.reply(rstStream(id, resetStatus.refused));
      return;
    }
    this.#channels.set(id, channel);
    this.#wire.reply(synReply(id, !this.#replied));
    this.#replied = true;
    if (fin) channel.receiveEnd();
  }

  #onClosed(): void {
    this.#closed = true;
    for (const channel of this.#channels.values()) channel.destroy(new Error('the client is gone'));
    this.#options.onClosed();
  }
}
