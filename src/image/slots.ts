import { waitFor } from '../base/abort.ts';

/** At most so many at a time, first come first served. */
export class Slots {
  #free: number;
  readonly #line: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** `using slot = await slots.take(signal)`. Errors: the signal's. */
  async take(signal: AbortSignal): Promise<Disposable> {
    if (this.#free > 0) this.#free -= 1;
    else {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#line.push(resolve);
      try {
        await waitFor(promise, signal);
      } catch (error) {
        const place = this.#line.indexOf(resolve);
        if (place >= 0) this.#line.splice(place, 1);
        else this.#give();
        throw error;
      }
    }
    return { [Symbol.dispose]: () => this.#give() };
  }

  /** One that is free now, or none. */
  tryTake(): Disposable | undefined {
    if (this.#free === 0) return undefined;
    this.#free -= 1;
    return { [Symbol.dispose]: () => this.#give() };
  }

  #give(): void {
    const next = this.#line.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
