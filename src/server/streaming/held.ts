import type { Channel } from './channel.ts';

/**
 * What the channels of one connection hold because nobody reads them. Beyond its limit the connection is not read
 * either: then the sender waits, in its kernel and in ours.
 */
export class Held {
  readonly #limit: number;
  readonly #pause: (paused: boolean) => void;
  readonly #full = new Set<Channel>();
  #paused = false;

  /** `limit`: bytes, all channels together, beside the little that each may hold by itself. */
  constructor(limit: number, pause: (paused: boolean) => void) {
    this.#limit = limit;
    this.#pause = pause;
  }

  /** The channel wants no more for now. */
  add(channel: Channel): void {
    this.#full.add(channel);
    this.#decide();
  }

  /** The channel wants more, or is over. */
  delete(channel: Channel): void {
    if (this.#full.delete(channel)) this.#decide();
  }

  #decide(): void {
    let bytes = 0;
    for (const channel of this.#full) bytes += channel.readableLength;
    const paused = bytes > this.#limit;
    if (paused === this.#paused) return;
    this.#paused = paused;
    this.#pause(paused);
  }
}
