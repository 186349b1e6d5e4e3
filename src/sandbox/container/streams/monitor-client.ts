import { Readable } from 'node:stream';
import { PacketSocket } from '../../../linux/packet-socket.ts';
import type { Watcher } from '../../../linux/watcher.ts';

/** Bytes of a stream that wait here for a client, before conmon has to. */
const highWaterMark = 1024 * 1024;

/**
 * Milliseconds that conmon may wait for one client to take anything. While it does, it writes no log, serves nobody
 * else and notices no end, and ReopenContainerLog gives it 5 s.
 */
const patienceMs = 4_000;

/** Bytes of one packet to conmon, well below what it reads at once. */
const packetBytes = 8 * 1024;

/** The first byte of a packet from conmon. */
const stderrMark = 3;

/** Why it is over: conmon closed its side, as the container has ended, or the client did not read. */
export type MonitorClientEnd = 'closed' | 'stuck';

/**
 * One client of the attach socket of a conmon. conmon writes to all of its clients in turn and waits for each of
 * them: so what comes is taken at once, up to a bound, and a client that then takes nothing at all is let go.
 */
export class MonitorClient {
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  readonly over: Promise<MonitorClientEnd>;
  readonly #socket: PacketSocket;
  readonly #end: (end: MonitorClientEnd) => void;
  #patience: NodeJS.Timeout | undefined;

  /** Errors: as PacketSocket. */
  constructor(watcher: Watcher, path: string, wanted: { readonly stdout: boolean; readonly stderr: boolean }) {
    const over = Promise.withResolvers<MonitorClientEnd>();
    this.over = over.promise;
    this.#end = (end) => {
      clearTimeout(this.#patience);
      over.resolve(end);
    };
    this.#socket = new PacketSocket(watcher, path, {
      packet: (packet) => this.#take(packet),
      end: () => {
        this.stdout?.push(null);
        this.stderr?.push(null);
        this.#end('closed');
      },
    });
    this.stdout = wanted.stdout ? this.#output() : undefined;
    this.stderr = wanted.stderr ? this.#output() : undefined;
    this.#socket.resume();
  }

  #output(): Readable {
    const resume = () => this.#resume();
    return new Readable({
      highWaterMark,
      read: resume,
      destroy(error, done) {
        resume();
        done(error);
      },
    });
  }

  #take(packet: Buffer): void {
    const stream = packet[0] === stderrMark ? this.stderr : this.stdout;
    if (stream === undefined || stream.destroyed || stream.push(packet.subarray(1))) return;
    this.#socket.pause();
    this.#patience = setTimeout(() => this.#end('stuck'), patienceMs);
  }

  #resume(): void {
    const full = (stream: Readable | undefined) =>
      stream !== undefined && !stream.destroyed && stream.readableLength >= highWaterMark;
    if (full(this.stdout) || full(this.stderr)) return;
    clearTimeout(this.#patience);
    this.#socket.resume();
  }

  /** For the container's standard input, one call at a time. */
  write(chunk: Buffer, done: (error?: Error) => void): void {
    if (chunk.length <= packetBytes) {
      this.#socket.send(chunk, done);
      return;
    }
    this.#socket.send(chunk.subarray(0, packetBytes), (error) => {
      if (error === undefined) setImmediate(() => this.write(chunk.subarray(packetBytes), done));
      else done(error);
    });
  }

  endInput(): void {
    this.#socket.endSending();
  }

  /** The client gets and gives nothing more, but conmon does not read its end, which would close a stdin_once. */
  park(): void {
    clearTimeout(this.#patience);
    this.#socket.endReceiving();
  }

  close(): void {
    clearTimeout(this.#patience);
    this.#socket[Symbol.dispose]();
    for (const stream of [this.stdout, this.stderr]) if (stream?.readableEnded === false) stream.push(null);
  }
}
