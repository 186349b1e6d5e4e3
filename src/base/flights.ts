import { waitFor } from './abort.ts';

/**
 * Work done once however many ask for it. The first caller starts it, the others join; a caller's signal
 * ends only its own wait. The work itself gets no caller's signal: it belongs to the daemon.
 */
export class Flights<K, V> {
  readonly #running = new Map<K, Promise<V>>();

  /** The running work under this key, or `start`ed now. Errors: the work's, or the signal's. */
  async join(key: K, start: () => Promise<V>, signal: AbortSignal): Promise<V> {
    let work = this.#running.get(key);
    if (work === undefined) {
      work = start().finally(() => this.#running.delete(key));
      work.catch(() => undefined);
      this.#running.set(key, work);
    }
    return waitFor(work, signal);
  }

  /** Resolves when nothing is in flight: a draining daemon waits here. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running.values());
  }

  get size(): number {
    return this.#running.size;
  }
}
