import { Socket } from 'node:net';
import { widenPipe } from './fds.ts';

/** Memory that reads go into, one after the other; a read gets at least the smaller one. */
const slabBytes = 64 * 1024;
const leastBytes = 32 * 1024;

/** So many reads that empty the pipe, within so many milliseconds, are a flood if they bring so much. */
const floodReads = 32;
const floodMs = 10;
const floodBytes = 64 * 1024;
/** Milliseconds that the pipe of a flood is left to fill, and what it must hold by then to be one still. */
const napMs = 1;
const napBytes = 32 * 1024;
/** Bytes: as much as any process may ask for (pipe(7), pipe-max-size). */
const widePipe = 1024 * 1024;

export interface PipeReaderEvents {
  /** The memory is the receiver's. */
  readonly chunk: (chunk: Buffer) => void;
  /** No more comes, for whatever reason. */
  readonly close: () => void;
}

/**
 * Reads a pipe straight from libuv, with no stream between. Most programs write some kilobytes at a time: read as they
 * come, 500 MB of them wake this process, and whoever is behind it, 100,000 times. So a program that floods has its
 * pipe widened and read every millisecond; anything else is read at once.
 */
export class PipeReader {
  readonly #fd: number;
  readonly #socket: Socket;
  #slab = Buffer.alloc(0);
  #paused = false;
  #nap: NodeJS.Timeout | undefined;
  #flood = false;
  #emptied = 0;
  #since = 0;
  #bytes = 0;

  /** It owns the descriptor, and reads at once. */
  constructor(fd: number, on: PipeReaderEvents) {
    this.#fd = fd;
    const callback = (length: number, room: Uint8Array): boolean => {
      this.#slab = this.#slab.subarray(length);
      this.#pace(length, room.length);
      on.chunk(Buffer.from(room.buffer, room.byteOffset, length));
      return true;
    };
    const onread = { buffer: () => this.#room(), callback };
    this.#socket = new Socket({ fd, readable: true, writable: false, onread });
    this.#socket.on('error', () => this.#socket.destroy());
    this.#socket.on('close', () => {
      clearTimeout(this.#nap);
      on.close();
    });
    this.#socket.resume();
  }

  get paused(): boolean {
    return this.#paused;
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#nap === undefined) this.#socket.resume();
  }

  #room(): Buffer {
    if (this.#slab.length < leastBytes) this.#slab = Buffer.allocUnsafeSlow(slabBytes);
    return this.#slab;
  }

  /** A read that fills its room leaves more in the pipe; any other has emptied it. */
  #pace(length: number, room: number): void {
    this.#bytes += length;
    if (length === room) return;
    if (!this.#flood && !this.#endsWindow()) return;
    this.#flood = this.#flood ? this.#bytes >= napBytes : this.#begins();
    this.#bytes = 0;
    if (this.#flood) this.#rest();
  }

  #endsWindow(): boolean {
    this.#emptied = (this.#emptied + 1) % floodReads;
    return this.#emptied === 0;
  }

  #begins(): boolean {
    const now = performance.now();
    const flood = now - this.#since < floodMs && this.#bytes >= floodBytes;
    this.#since = now;
    if (flood) widenPipe(this.#fd, widePipe);
    return flood;
  }

  #rest(): void {
    this.#socket.pause();
    this.#nap = setTimeout(() => {
      this.#nap = undefined;
      if (!this.#paused) this.#socket.resume();
    }, napMs);
  }
}
