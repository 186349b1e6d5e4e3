import { openSync } from 'node:fs';
import type { Socket } from 'node:net';
import { closeQuietly, giveTo, makePipe, readablePipe, writablePipe } from './fds.ts';
import type { Owner } from './fds.ts';
import { spawnProcess } from './process.ts';
import type { Child, SpawnOptions } from './process.ts';
import type { Ending } from './pidfd.ts';
import type { Watcher } from './watcher.ts';

export interface Captured {
  readonly ending: Ending;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** True when output went over the limit; what came after was read and thrown away. */
  readonly cut: boolean;
}

export interface CaptureOptions extends Omit<SpawnOptions, 'fds'> {
  /** Bytes of stdout and stderr together that are kept. */
  readonly limit: number;
  /** Written to its standard input once `onStart` has resolved; without it, that is empty. */
  readonly input?: string;
  /** Whose its pipes are to be; ours by default. */
  readonly owner?: Owner | undefined;
  /** Told of the child as soon as it runs, to signal it or to write down who it is. */
  readonly onStart?: (child: Child) => void | Promise<void>;
  /** Told when output goes over the limit. */
  readonly onCut?: () => void;
}

/** Milliseconds of silence after the end, when a grandchild still holds the output open. */
const drainMs = 100;

/**
 * Runs a program to its end and keeps what it printed. Output that a left-over grandchild holds open is
 * read for a moment after the end, then let go. Errors: those of starting it, and of `onStart`.
 */
export async function captureProgram(watcher: Watcher, options: CaptureOptions): Promise<Captured> {
  const into = options.input === undefined ? undefined : makePipe();
  const from = into?.read ?? openSync('/dev/null', 'r');
  const out = makePipe();
  const err = makePipe();
  let child: Child;
  try {
    giveTo(options.owner, into === undefined ? [out.write, err.write] : [into.read, out.write, err.write]);
    child = spawnProcess(watcher, {
      ...options,
      fds: new Map([
        [0, from],
        [1, out.write],
        [2, err.write],
      ]),
    });
  } catch (error) {
    closeQuietly(out.read);
    closeQuietly(err.read);
    if (into !== undefined) closeQuietly(into.write);
    throw error;
  } finally {
    [from, out.write, err.write].forEach(closeQuietly);
  }
  const sink = { left: options.limit, cut: false, onCut: options.onCut };
  const stdout = collect(readablePipe(out.read), sink);
  const stderr = collect(readablePipe(err.read), sink);
  const input = into === undefined ? undefined : writablePipe(into.write);
  // A program that ends without reading its input is no error of ours; its exit code tells.
  input?.on('error', () => undefined);
  void Promise.all([stdout.closed, stderr.closed]).then(child.look);
  const [started, ended] = await Promise.allSettled([announce(options, child, input), child.ended]);
  input?.destroy();
  if (started.status === 'rejected') throw started.reason;
  if (ended.status === 'rejected') throw ended.reason;
  const ending = ended.value;
  await Promise.all([stdout.drained(), stderr.drained()]);
  return { ending, stdout: Buffer.concat(stdout.chunks), stderr: Buffer.concat(stderr.chunks), cut: sink.cut };
}

/** A child whose start could not be announced gets no input, and so does nothing. */
async function announce({ onStart, input = '' }: CaptureOptions, child: Child, stream: Socket | undefined) {
  try {
    await onStart?.(child);
    stream?.end(input);
  } finally {
    if (stream?.writableEnded === false) stream.destroy();
  }
}

interface Sink {
  left: number;
  cut: boolean;
  readonly onCut: (() => void) | undefined;
}

interface Collected {
  readonly chunks: Buffer[];
  /** Resolves when nobody has it open for writing. */
  readonly closed: Promise<unknown>;
  drained(): Promise<void>;
}

function collect(stream: Socket, sink: Sink): Collected {
  const chunks: Buffer[] = [];
  const closed = Promise.withResolvers<undefined>();
  let lastData = 0;
  stream.on('data', (chunk: Buffer) => {
    lastData = performance.now();
    const kept = chunk.subarray(0, sink.left);
    sink.left -= kept.length;
    if (kept.length < chunk.length && !sink.cut) {
      sink.cut = true;
      sink.onCut?.();
    }
    if (kept.length > 0) chunks.push(kept);
  });
  stream.on('error', () => stream.destroy());
  stream.on('close', () => closed.resolve(undefined));
  const drained = async () => {
    lastData = performance.now();
    const timer = setInterval(() => {
      const before = lastData;
      if (performance.now() - before < drainMs) return;
      // A busy loop comes to its timers before it reads: what waits in the pipe is read before the immediate.
      setImmediate(() => {
        if (lastData === before) stream.destroy();
      });
    }, drainMs / 2);
    await closed.promise;
    clearInterval(timer);
  };
  return { chunks, closed: closed.promise, drained };
}
