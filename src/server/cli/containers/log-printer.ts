import { once } from 'node:events';
import type { LogEntry } from './cri-log.ts';

export interface LogStyle {
  readonly timestamps: boolean;
  readonly format: 'table' | 'json';
}

/** Puts entries where the container put them, byte for byte; waits for a slow reader. */
export class LogPrinter {
  readonly #style: LogStyle;
  /** Whether the stream is in the middle of a line. */
  readonly #within = { stdout: false, stderr: false };

  constructor(style: LogStyle) {
    this.#style = style;
  }

  async print(entry: LogEntry): Promise<void> {
    if (this.#style.format === 'json') {
      const { time, stream, partial, text } = entry;
      await write('stdout', Buffer.from(`${JSON.stringify({ time, stream, partial, text: text.toString('utf8') })}\n`));
      return;
    }
    const begin = this.#style.timestamps && !this.#within[entry.stream] ? Buffer.from(`${entry.time} `) : empty;
    this.#within[entry.stream] = entry.partial;
    await write(entry.stream, Buffer.concat([begin, entry.text, entry.partial ? empty : newline]));
  }

  /** Resolves when all of it is written. */
  async end(): Promise<void> {
    for (const stream of ['stdout', 'stderr'] as const) await write(stream, empty);
  }
}

const empty = Buffer.alloc(0);
const newline = Buffer.from('\n');

async function write(stream: 'stdout' | 'stderr', bytes: Buffer): Promise<void> {
  if (!process[stream].write(bytes)) await once(process[stream], 'drain');
}
