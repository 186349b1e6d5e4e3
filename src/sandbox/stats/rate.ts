/** In microseconds. A rate is told over at least this long where samples allow it: two consumers in a row must not make it jump. */
const wantedUs = 1_000_000;
/** A shorter distance between two samples says nothing of the rate. */
const leastUs = 50_000;
const markEveryUs = 250_000;
/** One that is old enough, those since, and some. */
const mostMarks = 8;

/** CPU use from two looks at the time used; nobody has to look at a certain time. */
export class CpuRate {
  /** Marks, the oldest first: when, and the time used by then. Written over in place, so as to leave no garbage. */
  readonly #at = new Float64Array(mostMarks);
  readonly #usage = new Float64Array(mostMarks);
  #marks = 0;
  #last: number | undefined;

  /** Nanoseconds of CPU time used by `at` (microseconds) → billionths of a CPU since an earlier look; undefined at the first. */
  next(at: number, usageNs: number): number | undefined {
    if (this.#marks > 0 && this.#valueOf(this.#usage, this.#marks - 1) > usageNs) this.#marks = 0;
    this.#forgetBefore(at - wantedUs);
    const age = at - this.#valueOf(this.#at, 0);
    if (this.#marks > 0 && age >= leastUs)
      this.#last = Math.floor(((usageNs - this.#valueOf(this.#usage, 0)) / age) * 1e6);
    if (this.#marks === 0 || at - this.#valueOf(this.#at, this.#marks - 1) >= markEveryUs) this.#mark(at, usageNs);
    return this.#last;
  }

  /** All but the newest that is so old. */
  #forgetBefore(time: number): void {
    let old = this.#marks - 1;
    while (old > 0 && this.#valueOf(this.#at, old) > time) old--;
    if (old > 0) this.#shift(old);
  }

  #mark(at: number, usageNs: number): void {
    if (this.#marks === mostMarks) this.#shift(1);
    this.#at[this.#marks] = at;
    this.#usage[this.#marks] = usageNs;
    this.#marks++;
  }

  #shift(by: number): void {
    this.#at.copyWithin(0, by, this.#marks);
    this.#usage.copyWithin(0, by, this.#marks);
    this.#marks -= by;
  }

  #valueOf(values: Float64Array, index: number): number {
    return values[index] ?? 0;
  }
}
