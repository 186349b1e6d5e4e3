import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { errnoOf, fail } from '../../../base/errors.ts';
import { Lines, parseLogEntry } from './cri-log.ts';
import type { LogEntry } from './cri-log.ts';

/**
 * What the kubelet made of a log before: `PATH.TIME` and, but for the newest, `PATH.TIME.gz`; the oldest first. A name
 * sorts by its time.
 */
export async function rotatedFiles(path: string): Promise<readonly string[]> {
  const begin = `${basename(path)}.`;
  try {
    const names = await readdir(dirname(path));
    const rotated = names.filter(
      (name) => name.startsWith(begin) && /^\d{8}-\d{6}(\.gz)?$/.test(name.slice(begin.length)),
    );
    const whole = rotated.filter((name) => !name.endsWith('.gz') || !rotated.includes(name.slice(0, -3)));
    return whole.sort().map((name) => join(dirname(path), name));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw fail('unavailable', `log directory ${dirname(path)}: ${errnoOf(error) ?? ''}`, error);
  }
}

/** The entries of one rotated file; none where the kubelet took it away meanwhile. */
export async function* entriesOf(file: string): AsyncGenerator<LogEntry> {
  const lines = new Lines();
  const raw = createReadStream(file);
  const source = file.endsWith('.gz') ? raw.pipe(createGunzip()) : raw;
  raw.once('error', (error) => source.destroy(error));
  try {
    for await (const chunk of source as AsyncIterable<Buffer>)
      for (const line of lines.push(chunk)) {
        const entry = parseLogEntry(line);
        if (entry !== undefined) yield entry;
      }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fail('unavailable', `log ${file}: it cannot be read`, error);
  }
}

/** Reads a file that grows, from its beginning. */
export class GrowingLog {
  readonly #file: FileHandle;
  readonly #buffer = Buffer.alloc(256 * 1024);
  #lines = new Lines();
  #at = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** What came since the last time. One that was cut down is read from its beginning. */
  async *read(): AsyncGenerator<LogEntry> {
    if ((await this.#file.stat()).size < this.#at) {
      this.#at = 0;
      this.#lines = new Lines();
    }
    for (;;) {
      const { bytesRead } = await this.#file.read(this.#buffer, 0, this.#buffer.length, this.#at);
      if (bytesRead === 0) return;
      this.#at += bytesRead;
      // The buffer is filled again while an entry may still be kept.
      for (const line of this.#lines.push(Buffer.from(this.#buffer.subarray(0, bytesRead)))) {
        const entry = parseLogEntry(line);
        if (entry !== undefined) yield entry;
      }
    }
  }

  async inode(): Promise<number> {
    return (await this.#file.stat()).ino;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
