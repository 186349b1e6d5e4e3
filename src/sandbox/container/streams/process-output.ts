import { Readable } from 'node:stream';
import type { Socket } from 'node:net';

/** Bytes of the beginning that are kept: as much as an OCI runtime says of a program that cannot be run. */
const headBytes = 4097;

/** Bytes that wait here for a reader, on top of as many in the kernel. */
const highWaterMark = 64 * 1024;

/**
 * What a process prints. Who destroys it only stops listening: the process goes on and what it prints is thrown
 * away, where a closed pipe would kill it by SIGPIPE.
 */
export class ProcessOutput extends Readable {
  readonly #source: Socket;
  #given = true;
  #lastData = performance.now();
  #head = Buffer.alloc(0);
  /** Resolves when nobody holds the other side open any more. */
  readonly released: Promise<void>;

  constructor(source: Socket) {
    super({ highWaterMark });
    this.#source = source;
    const closed = Promise.withResolvers<void>();
    this.released = closed.promise;
    source.on('data', (chunk: Buffer) => this.#take(chunk));
    // A terminal whose last user is gone reads EIO.
    source.on('error', () => source.destroy());
    source.on('close', () => {
      this.finish();
      closed.resolve();
    });
  }

  #take(chunk: Buffer): void {
    this.#lastData = performance.now();
    if (this.#head.length < headBytes)
      this.#head = Buffer.concat([this.#head, chunk.subarray(0, headBytes - this.#head.length)]);
    if (this.#given && !this.push(chunk)) this.#source.pause();
  }

  override _read(): void {
    this.#source.resume();
  }

  /** The reader comes to the end; what the process prints from now on is thrown away. */
  finish(): void {
    if (!this.#given) return;
    this.#given = false;
    this.push(null);
    this.#source.resume();
  }

  /** Something of ours behind what the process printed. */
  say(text: Buffer): void {
    if (this.#given) this.push(text);
  }

  /** The first bytes it printed. */
  get head(): Buffer {
    return this.#head;
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#given = false;
    this.#source.resume();
    done(error);
  }

  /** Nothing came for so many milliseconds, though the reader was ready for it. */
  isQuiet(ms: number): boolean {
    if (this.#given && this.#source.isPaused()) this.#lastData = performance.now();
    return performance.now() - this.#lastData >= ms;
  }
}
