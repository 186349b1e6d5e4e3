import { Writable } from 'node:stream';
import { DetachKeys } from './detach-keys.ts';

export interface TerminalInputOptions {
  readonly detachKeys: Uint8Array;
  readonly write: (chunk: Buffer, done: (error?: Error | null) => void) => void;
  readonly onDetach: () => void;
}

/**
 * Milliseconds from the end of the input until the client is let go. One whose own terminal was closed ends its input
 * too, but is gone itself a moment later: then the process must be hung up.
 */
const lingerMs = 500;

/**
 * What a client types into a terminal, which has no end of file of its own. A client that ends it lets itself go:
 * crictl looks for Ctrl-P Ctrl-Q itself, sends nothing of it, ends its input and waits to be let go.
 */
export class TerminalInput extends Writable {
  readonly #options: TerminalInputOptions;
  readonly #keys: DetachKeys;
  #detached = false;
  #lingering: NodeJS.Timeout | undefined;

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
    this.#forward(through, detached ? this.#thenDetach(done) : done);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#detached) {
      done();
      return;
    }
    const detach = this.#thenDetach(done);
    this.#forward(this.#keys.rest(), () => {
      this.#lingering = setTimeout(detach, lingerMs);
    });
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#lingering);
    done(error);
  }

  #thenDetach(done: (error?: Error | null) => void): (error?: Error | null) => void {
    this.#detached = true;
    return (error) => {
      done(error);
      this.#options.onDetach();
    };
  }

  #forward(bytes: Buffer, done: (error?: Error | null) => void): void {
    if (bytes.length === 0) done();
    else this.#options.write(bytes, done);
  }
}
