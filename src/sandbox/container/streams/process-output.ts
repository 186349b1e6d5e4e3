import { Readable } from 'node:stream';
import type { Socket } from 'node:net';
import { PipeReader } from '../../../linux/pipe-reader.ts';

/** Bytes of the beginning that are kept: as much as an OCI runtime says of a program that cannot be run. */
const headBytes = 4097;

/** Bytes that wait here for a reader, on top of as many in the kernel. */
const highWaterMark = 64 * 1024;

/** Where output comes from: it flows from the start, and is closed when nobody holds the other side any more. */
export interface OutputSource {
  pause(): void;
  resume(): void;
  readonly paused: boolean;
}
type Events = { readonly chunk: (chunk: Buffer) => void; readonly close: () => void };

/** The read end of a pipe, which it owns. */
export const pipeOutput = (fd: number) => new ProcessOutput((on) => new PipeReader(fd, on));

/** A terminal; one whose last user is gone reads EIO. */
export const terminalOutput = (terminal: Socket) =>
  new ProcessOutput((on) => {
    terminal.on('data', on.chunk);
    terminal.on('error', () => terminal.destroy());
    terminal.on('close', on.close);
    return {
      pause: () => void terminal.pause(),
      resume: () => void terminal.resume(),
      get paused() {
        return terminal.isPaused();
      },
    };
  });

/**
 * What a process prints. Who destroys it only stops listening: the process goes on and what it prints is thrown
 * away, where a closed pipe would kill it by SIGPIPE.
 */
export class ProcessOutput extends Readable {
  readonly #source: OutputSource;
  #given = true;
  #lastData = performance.now();
  #head = Buffer.alloc(0);
  /** Resolves when nobody holds the other side open any more. */
  readonly released: Promise<void>;

  constructor(open: (on: Events) => OutputSource) {
    super({ highWaterMark });
    const released = Promise.withResolvers<void>();
    this.released = released.promise;
    this.#source = open({
      chunk: (chunk) => this.#take(chunk),
      close: () => {
        this.finish();
        released.resolve();
      },
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
    if (this.#given && this.#source.paused) this.#lastData = performance.now();
    return performance.now() - this.#lastData >= ms;
  }
}
