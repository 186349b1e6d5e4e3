import { isNewerRecord, loadCheckpoint, saveCheckpoint } from './checkpoint.ts';
import type { CheckpointKind } from './checkpoint.ts';
import { errnoOf, errorFrom } from './errors.ts';
import type { CricketError } from './errors.ts';

interface RememberedOptions<T> {
  readonly kind: CheckpointKind<T>;
  readonly path: string;
  /** Where nothing is written yet, or what is written cannot be read. */
  readonly fresh: T;
  /** Told why a file that is there cannot be read. `kept`: a newer version wrote it, and it stays as it is. */
  readonly onUnreadable: (error: CricketError, kept: boolean) => void;
}

/**
 * One value in memory and in a file, by which the next daemon has it. What is damaged there is written anew, what a newer
 * version wrote is not: the value then lasts as long as this daemon.
 */
export class Remembered<T> {
  readonly #options: RememberedOptions<T>;
  readonly #isKept: boolean;
  #value: T;
  #saving: Promise<void> = Promise.resolve();

  private constructor(options: RememberedOptions<T>, value: T, isKept: boolean) {
    this.#options = options;
    this.#value = value;
    this.#isKept = isKept;
  }

  static async open<T>(options: RememberedOptions<T>): Promise<Remembered<T>> {
    const { kind, path, fresh, onUnreadable } = options;
    try {
      return new Remembered(options, await loadCheckpoint(kind, path), false);
    } catch (error) {
      const kept = isNewerRecord(error);
      if (errnoOf(error) !== 'ENOENT') onUnreadable(errorFrom(error), kept);
      return new Remembered(options, fresh, kept);
    }
  }

  get value(): T {
    return this.#value;
  }

  /** In memory at once, and on the disk when it resolves. Errors: those of writing; the value is the one before then. */
  async set(value: T): Promise<void> {
    const before = this.#value;
    this.#value = value;
    if (this.#isKept) return;
    const { kind, path } = this.#options;
    // One at a time; each writes what counts by then.
    const write = this.#saving.catch(() => undefined).then(async () => saveCheckpoint(kind, path, this.#value));
    this.#saving = write;
    try {
      await write;
    } catch (error) {
      if (this.#value === value) this.#value = before;
      throw error;
    }
  }
}
