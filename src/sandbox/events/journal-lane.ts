import { open, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { parseEvent } from './event.ts';
import type { CricketEvent } from './event.ts';

export interface LaneOptions {
  /** Directory of the journal. */
  readonly directory: string;
  /** Lines go to NAME.jsonl; the older half of them is in NAME.old.jsonl. */
  readonly name: string;
  /** Both files together. */
  readonly maxBytes: number;
  readonly log: Logger;
}

/** Bytes that may wait for the disk; beyond it lines are lost, never memory. */
const mostWaiting = 4 * 1024 * 1024;

/**
 * Lines in two files, of which the older goes when the newer is full. What was written survives SIGKILL; a line that
 * was torn is skipped by who reads. Appending never waits and never fails: what a full disk refuses is lost.
 */
export class JournalLane implements AsyncDisposable {
  readonly #options: LaneOptions;
  readonly #newer: string;
  readonly #older: string;
  #file: FileHandle | undefined;
  #size = 0;
  /** The file does not end with a whole line. */
  #torn = true;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #lost = 0;
  #work: Promise<void> = Promise.resolve();
  #scheduled = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#newer = join(options.directory, `${options.name}.jsonl`);
    this.#older = join(options.directory, `${options.name}.old.jsonl`);
  }

  append(line: string): void {
    const bytes = Buffer.byteLength(line) + 1;
    if (this.#waitingBytes + bytes > mostWaiting) {
      this.#lose(1, 'the disk is too slow');
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += bytes;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#then(() => this.#flush());
  }

  /** Resolves when all that was appended is written, or lost. */
  async settled(): Promise<void> {
    await this.#work;
  }

  /** One thing at a time: a rotation must not come between two halves of anything. */
  #then(work: () => Promise<void>): void {
    this.#work = this.#work.then(work);
  }

  async #flush(): Promise<void> {
    this.#scheduled = false;
    const lines = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    try {
      const file = await this.#writable();
      const text = Buffer.from(`${this.#torn ? '\n' : ''}${lines.join('\n')}\n`);
      this.#torn = true;
      await file.writeFile(text);
      this.#torn = false;
      this.#size += text.length;
      if (this.#lost > 0) this.#options.log.info({ lost: this.#lost }, 'event journal is written again');
      this.#lost = 0;
    } catch (error) {
      this.#lose(lines.length, messageOf(error));
      await this.#close();
    }
  }

  /** Logged when it begins and when it is over, not for each. */
  #lose(lines: number, reason: string): void {
    if (this.#lost === 0) this.#options.log.warn({ reason }, 'event journal cannot be written: events are lost to it');
    this.#lost += lines;
  }

  async #writable(): Promise<FileHandle> {
    if (this.#file !== undefined && this.#size * 2 >= this.#options.maxBytes) {
      await this.#close();
      await rename(this.#newer, this.#older);
    }
    if (this.#file === undefined) {
      this.#file = await open(this.#newer, 'a', 0o600);
      this.#size = (await this.#file.stat()).size;
      // An empty line does no harm where the last one was whole.
      this.#torn = this.#size > 0;
    }
    return this.#file;
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }

  /** What was appended before the call, oldest first. `tailBytes`: only about so much of each file's end. */
  async *read(tailBytes = Infinity): AsyncGenerator<CricketEvent> {
    const files: FileHandle[] = [];
    // Both open before a rotation can rename them.
    this.#then(async () => {
      for (const path of [this.#older, this.#newer]) files.push(...(await this.#openForReading(path)));
    });
    await this.settled();
    try {
      for (const file of files) yield* this.#linesOf(file, tailBytes);
    } finally {
      for (const file of files) await file.close().catch(() => undefined);
    }
  }

  async #openForReading(path: string): Promise<readonly FileHandle[]> {
    try {
      return [await open(path, 'r')];
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT')
        this.#options.log.warn({ path, reason: messageOf(error) }, 'event journal unreadable: its events are left out');
      return [];
    }
  }

  /** A file that cannot be read, or not to its end, is no reason to keep the rest back. */
  async *#linesOf(file: FileHandle, tailBytes: number): AsyncGenerator<CricketEvent> {
    try {
      const { size } = await file.stat();
      if (size === 0) return;
      const start = Math.max(0, size - tailBytes);
      for await (const line of file.readLines({ start, end: size - 1, autoClose: false })) {
        const event = parseEvent(line);
        if (event !== undefined) yield event;
      }
    } catch (error) {
      this.#options.log.warn({ reason: messageOf(error) }, 'event journal unreadable: its events are left out');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.settled();
    await this.#close();
  }
}
