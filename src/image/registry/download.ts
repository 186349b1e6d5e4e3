import type { FileHandle } from 'node:fs/promises';
import { letGo } from '../../base/buffers.ts';
import { fail } from '../../base/errors.ts';
import { hashFor } from '../reference/digest.ts';
import { demandSpace } from '../space.ts';
import { unavailable } from './http.ts';
import type { HttpAnswer } from './http.ts';
import type { Descriptor } from './manifest.ts';

/** Bytes between two looks at the space that is left. */
const spaceInterval = 32 << 20;

/** Who wants to know how a download goes. */
export interface DownloadWatch {
  /** So many bytes of the blob are in the file; they are checked only when it is whole. */
  readonly grown: (total: number) => void;
  /** So many came over the network just now. */
  readonly received: (bytes: number) => void;
  /** What was in the file is void: it grows from nothing again. */
  readonly restarted: () => void;
}

/** A file that grows to a blob: each piece is hashed and counted before it counts. */
export class Download {
  readonly #directory: string;
  readonly #file: FileHandle;
  readonly #wanted: Descriptor;
  readonly #watch: DownloadWatch;
  #hash;
  received = 0;

  /** `directory` is where the file is: on the disk whose space is watched. */
  constructor(file: FileHandle, wanted: Descriptor, directory: string, watch: DownloadWatch) {
    this.#directory = directory;
    this.#file = file;
    this.#wanted = wanted;
    this.#watch = watch;
    this.#hash = hashFor(wanted.digest);
  }

  get complete(): boolean {
    return this.received === this.#wanted.size;
  }

  /** Goes on from what an earlier attempt left in the file; one that cannot be right is thrown away. */
  async resume(): Promise<void> {
    const { size } = await this.#file.stat();
    if (size > this.#wanted.size) await this.#startOver();
    for await (const piece of this.#file.createReadStream({ autoClose: false, start: 0 })) {
      this.#hash.update(piece as Buffer);
      this.received += (piece as Buffer).length;
    }
    if (this.complete && !this.#isRight()) await this.#startOver();
    this.#watch.grown(this.received);
  }

  async take(answer: HttpAnswer, signal: AbortSignal): Promise<void> {
    const { digest, size } = this.#wanted;
    await this.#align(answer);
    try {
      for await (const piece of answer.body) {
        const bytes = piece as Buffer;
        if (this.received + bytes.length > size)
          throw fail('invalid_argument', `blob ${digest} is longer than the ${size} bytes of its descriptor`);
        if (this.received % spaceInterval < bytes.length) demandSpace(this.#directory);
        this.#hash.update(bytes);
        await this.#file.appendFile(bytes);
        const { length } = bytes;
        letGo(bytes);
        this.received += length;
        this.#watch.received(length);
        this.#watch.grown(this.received);
      }
    } catch (error) {
      throw unavailable(`blob ${digest}`, error, signal);
    }
    if (!this.complete) throw fail('unavailable', `blob ${digest} ended after ${this.received} of ${size} bytes`);
    await this.#check();
  }

  /** A host that ignores the range sends everything again. */
  async #align(answer: HttpAnswer): Promise<void> {
    if (answer.status === 206 && (answer.headers['content-range'] ?? '').startsWith(`bytes ${this.received}-`)) return;
    await this.#startOver();
  }

  /** After a mismatch the next host starts from nothing. */
  async #check(): Promise<void> {
    if (this.#isRight()) return;
    await this.#startOver();
    throw fail('invalid_argument', `blob ${this.#wanted.digest}: the content does not have that digest`);
  }

  #isRight(): boolean {
    const { digest } = this.#wanted;
    return `${digest.slice(0, 6)}:${this.#hash.copy().digest('hex')}` === digest;
  }

  async #startOver(): Promise<void> {
    if (this.received > 0) this.#watch.restarted();
    await this.#file.truncate(0);
    this.received = 0;
    this.#hash = hashFor(this.#wanted.digest);
  }
}
