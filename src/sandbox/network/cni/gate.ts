/**
 * Keeps GC apart from ADD and DEL: it must not see an attachment that is half made, nor may one be made meanwhile.
 * (Specification 1.1, "Lifecycle & Ordering".) GC does not wait for its turn, it is left out: nobody waits behind it.
 */
export class Gate {
  #inside = 0;
  #alone: Promise<unknown> | undefined;

  /** Beside others like it; waits while somebody is alone. */
  async among<T>(work: () => Promise<T>): Promise<T> {
    while (this.#alone !== undefined) await this.#alone;
    this.#inside++;
    try {
      return await work();
    } finally {
      this.#inside--;
    }
  }

  /** Does nothing and answers undefined where anybody is at work. */
  async alone<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.#inside > 0 || this.#alone !== undefined) return undefined;
    const done = Promise.withResolvers<undefined>();
    this.#alone = done.promise;
    try {
      return await work();
    } finally {
      this.#alone = undefined;
      done.resolve(undefined);
    }
  }
}
