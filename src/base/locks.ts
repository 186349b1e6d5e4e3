import { waitFor } from './abort.ts';

/**
 * One first-come-first-served lock per key. Calls on one object are ordered, on different ones they run
 * side by side. A waiter whose signal fires leaves the line without holding up those behind it.
 */
export class KeyedLocks<K> {
  readonly #tails = new Map<K, Promise<void>>();

  /** `using held = await locks.acquire(id, signal)`. Errors: the signal's. */
  async acquire(key: K, signal: AbortSignal): Promise<Disposable> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const tail = before.then(() => released);
    this.#tails.set(key, tail);
    const free = () => {
      release();
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    };
    try {
      await waitFor(before, signal);
    } catch (error) {
      void before.then(free);
      throw error;
    }
    return { [Symbol.dispose]: free };
  }

  /** Whether somebody is at work on it now. */
  isHeld(key: K): boolean {
    return this.#tails.has(key);
  }

  /** Keys held or waited for, for the queue metric. */
  get size(): number {
    return this.#tails.size;
  }
}
