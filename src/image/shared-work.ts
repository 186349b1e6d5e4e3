import { waitFor } from '../base/abort.ts';
import { fail } from '../base/errors.ts';

interface Running<V> {
  readonly result: Promise<V>;
  readonly end: AbortController;
  waiting: number;
  grace: NodeJS.Timeout | undefined;
}

/**
 * Work done once however many ask for it, for as long as anybody wants it. A caller's signal ends its wait; when
 * the last one has left, the work goes on for a grace period, as who timed out often comes again, and is then
 * called off.
 */
export class SharedWork<K, V> {
  readonly #running = new Map<K, Running<V>>();
  readonly #graceMs: number;

  constructor(graceMs: number) {
    this.#graceMs = graceMs;
  }

  /** The running work under this key, or `start`ed now. Errors: the work's, or the signal's. */
  async join(key: K, start: (signal: AbortSignal) => Promise<V>, signal: AbortSignal): Promise<V> {
    if (this.#running.get(key)?.end.signal.aborted === true) await this.#passed(key, signal);
    const work = this.#running.get(key) ?? this.#start(key, start);
    clearTimeout(work.grace);
    work.waiting += 1;
    try {
      return await waitFor(work.result, signal);
    } finally {
      work.waiting -= 1;
      if (work.waiting === 0 && this.#running.get(key) === work)
        work.grace = setTimeout(() => work.end.abort(fail('cancelled', 'nobody waits any more')), this.#graceMs);
    }
  }

  /** Calls everything off and waits for its end. */
  async close(reason: Error): Promise<void> {
    for (const work of this.#running.values()) work.end.abort(reason);
    while (this.#running.size > 0) await Promise.allSettled([...this.#running.values()].map(({ result }) => result));
  }

  /** What was called off has yet to clean up behind itself. */
  async #passed(key: K, signal: AbortSignal): Promise<void> {
    for (let work = this.#running.get(key); work?.end.signal.aborted === true; work = this.#running.get(key))
      await waitFor(
        work.result.then(
          () => undefined,
          () => undefined,
        ),
        signal,
      );
  }

  #start(key: K, start: (signal: AbortSignal) => Promise<V>): Running<V> {
    const end = new AbortController();
    const result = start(end.signal).finally(() => {
      clearTimeout(work.grace);
      this.#running.delete(key);
    });
    result.catch(() => undefined);
    const work: Running<V> = { result, end, waiting: 0, grace: undefined };
    this.#running.set(key, work);
    return work;
  }
}
