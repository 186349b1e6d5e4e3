import { abortError } from '../../base/abort.ts';
import { fail } from '../../base/errors.ts';

/** One reader's place in a feed: what was published since it was opened, in order. Dispose it to leave. */
export interface Subscription<T> extends Disposable {
  /**
   * The next item, waiting for it. Errors: the signal's; `resource_exhausted` when the reader was so slow that
   * items had to be dropped, and then for ever: it would not know which.
   */
  next(signal: AbortSignal): Promise<T>;
}

interface Reader<T> {
  readonly items: T[];
  readonly most: number;
  overrun: boolean;
  wake: (() => void) | undefined;
}

/** Hands each item to every reader that is there. Publishing never waits: a reader that cannot keep up is cut off. */
export class Feed<T> {
  readonly #what: string;
  readonly #readers = new Set<Reader<T>>();

  constructor(what: string) {
    this.#what = what;
  }

  /** Readers, for the queue metric; nobody need make an item that nobody reads. */
  get size(): number {
    return this.#readers.size;
  }

  publish(item: T): void {
    for (const reader of this.#readers) {
      if (reader.items.length >= reader.most) {
        reader.overrun = true;
        reader.items.length = 0;
        this.#readers.delete(reader);
      } else reader.items.push(item);
      reader.wake?.();
    }
  }

  /** `most`: items that may wait for this reader. */
  subscribe(most: number): Subscription<T> {
    const reader: Reader<T> = { items: [], most, overrun: false, wake: undefined };
    this.#readers.add(reader);
    return {
      next: (signal) => this.#next(reader, signal),
      [Symbol.dispose]: () => void this.#readers.delete(reader),
    };
  }

  async #next(reader: Reader<T>, signal: AbortSignal): Promise<T> {
    for (;;) {
      if (signal.aborted) throw abortError(signal);
      if (reader.overrun)
        throw fail(
          'resource_exhausted',
          `${this.#what}: more than ${reader.most} events waited for this client; read faster, list what there is and open the stream again`,
        );
      const item = reader.items.shift();
      if (item !== undefined) return item;
      await woken(reader, signal);
    }
  }
}

async function woken<T>(reader: Reader<T>, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = () => resolve();
  reader.wake = wake;
  signal.addEventListener('abort', wake, { once: true });
  await promise;
  signal.removeEventListener('abort', wake);
  reader.wake = undefined;
}
