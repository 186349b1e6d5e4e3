import { constants } from 'node:os';
import { closeQuietly, duplicate } from './fds.ts';
import { syscallError } from './libc.ts';
import { SHUT_RD, SHUT_WR, shutdownSocket, tryReceive, trySend } from './sockets.ts';
import { SOCK_SEQPACKET, connectUnix } from './unix.ts';
import type { Watcher } from './watcher.ts';

const { EAGAIN, EINTR } = constants.errno;
/** Packets read for one report, so that a busy sender leaves the loop to others. */
const packetsAtOnce = 64;
/** Bytes of the largest packet that is taken whole, and of the pieces of memory they are read into. */
const largestPacket = 32 * 1024;
const slabBytes = 4 * largestPacket;

/**
 * The client's side of a unix SOCK_SEQPACKET socket, which Node does not speak. It reads only while resumed, and
 * what waits then is in the kernel, not here.
 */
export class PacketSocket implements Disposable {
  readonly #watcher: Watcher;
  readonly #fd: number;
  /** For sending: a descriptor is watched for one thing only. */
  readonly #out: number;
  readonly #onPacket: (packet: Buffer) => void;
  readonly #onEnd: () => void;
  #watch: Disposable | undefined;
  #sending: Disposable | undefined;
  #slab = Buffer.alloc(0);
  #paused = true;
  #over = false;

  /** Errors: `not_found` where nobody ever listened, `internal` ECONNREFUSED where nobody listens any more. */
  constructor(watcher: Watcher, path: string, on: { packet: (packet: Buffer) => void; end: () => void }) {
    this.#watcher = watcher;
    this.#onPacket = on.packet;
    this.#onEnd = on.end;
    this.#fd = connectUnix(SOCK_SEQPACKET, path);
    try {
      this.#out = duplicate(this.#fd, 0);
    } catch (error) {
      closeQuietly(this.#fd);
      throw error;
    }
  }

  resume(): void {
    this.#paused = false;
    if (this.#over) return;
    this.#watch ??= this.#watcher.onReadable(this.#fd, () => this.#read());
  }

  pause(): void {
    this.#paused = true;
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }

  #read(): void {
    for (let count = 0; count < packetsAtOnce && !this.#paused; count++) {
      if (this.#slab.length < largestPacket) this.#slab = Buffer.allocUnsafeSlow(slabBytes);
      const length = tryReceive(this.#fd, this.#slab);
      if (length === -EAGAIN || length === -EINTR) return;
      if (length <= 0) {
        this.#end();
        return;
      }
      const packet = this.#slab.subarray(0, length);
      this.#slab = this.#slab.subarray(length);
      this.#onPacket(packet);
    }
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.pause();
    this.#onEnd();
  }

  /** Sends one packet, one at a time; `done` is called when the kernel has it, or with why it never will. */
  send(packet: Buffer, done: (error?: Error) => void): void {
    const sent = this.#over ? packet.length : trySend(this.#out, packet);
    if (sent !== -EAGAIN && sent !== -EINTR) {
      done(sent < 0 ? syscallError('send', -sent) : undefined);
      return;
    }
    const watch = this.#watcher.onWritable(this.#out, () => {
      watch[Symbol.dispose]();
      this.#sending = undefined;
      this.send(packet, done);
    });
    this.#sending = watch;
  }

  /** The other side reads the end of the file. */
  endSending(): void {
    if (!this.#over) shutdownSocket(this.#fd, SHUT_WR);
  }

  /** The other side can send no more, but reads no end either: it does not notice until it sends. */
  endReceiving(): void {
    this.#over = true;
    this.pause();
    shutdownSocket(this.#fd, SHUT_RD);
  }

  [Symbol.dispose](): void {
    this.#over = true;
    this.pause();
    this.#sending?.[Symbol.dispose]();
    this.#sending = undefined;
    closeQuietly(this.#out);
    closeQuietly(this.#fd);
  }
}
