import { Writable } from 'node:stream';
import { DetachKeys } from './detach-keys.ts';

/** Ctrl-D: what a terminal's line discipline, or the program that reads it raw, takes for the end of the input. */
const endOfInput = 4;
const lineEnds: readonly (number | undefined)[] = [10, 13, endOfInput];

export interface TerminalInputOptions {
  readonly detachKeys: Uint8Array;
  readonly write: (chunk: Buffer, done: (error?: Error | null) => void) => void;
  readonly onDetach: () => void;
  /** Whether its end is typed, as Ctrl-D: a terminal has no end of file of its own. */
  readonly typesEnd: boolean;
}

/** What a client types into a terminal. */
export class TerminalInput extends Writable {
  readonly #options: TerminalInputOptions;
  readonly #keys: DetachKeys;
  #last: number | undefined = 10;
  #detached = false;

  constructor(options: TerminalInputOptions) {
    super({ highWaterMark: 16 * 1024 });
    this.#options = options;
    this.#keys = new DetachKeys(options.detachKeys);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#detached) {
      done();
      return;
    }
    const { through, detached } = this.#keys.feed(chunk);
    this.#detached = detached;
    const then = detached ? this.#thenDetach(done) : done;
    this.#forward(through, then);
  }

  #thenDetach(done: (error?: Error | null) => void): (error?: Error | null) => void {
    return (error) => {
      done(error);
      this.#options.onDetach();
    };
  }

  #forward(bytes: Buffer, done: (error?: Error | null) => void): void {
    if (bytes.length === 0) {
      done();
      return;
    }
    this.#last = bytes.at(-1);
    this.#options.write(bytes, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#detached) {
      done();
      return;
    }
    const held = this.#keys.rest();
    // On a line that was begun, the first one only sends it off.
    const atLineStart = lineEnds.includes(held.at(-1) ?? this.#last);
    const end = Buffer.alloc(this.#options.typesEnd ? (atLineStart ? 1 : 2) : 0, endOfInput);
    this.#forward(Buffer.concat([held, end]), done);
  }
}
