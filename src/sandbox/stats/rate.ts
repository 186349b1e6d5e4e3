interface Mark {
  readonly at: number;
  readonly usageNs: number;
}

/** In microseconds. A rate is told over at least this long where samples allow it: two consumers in a row must not make it jump. */
const wantedUs = 1_000_000;
/** A shorter distance between two samples says nothing of the rate. */
const leastUs = 50_000;
const markEveryUs = 250_000;

/** CPU use from two looks at the time used; nobody has to look at a certain time. */
export class CpuRate {
  #marks: Mark[] = [];
  #last: number | undefined;

  /** Nanoseconds of CPU time used by `at` (microseconds) → billionths of a CPU since an earlier look; undefined at the first. */
  next(at: number, usageNs: number): number | undefined {
    if ((this.#marks.at(-1)?.usageNs ?? 0) > usageNs) this.#marks = [];
    const old = this.#marks.findLastIndex((mark) => at - mark.at >= wantedUs);
    if (old > 0) this.#marks.splice(0, old);
    const [base] = this.#marks;
    if (base !== undefined && at - base.at >= leastUs)
      this.#last = Math.floor(((usageNs - base.usageNs) / (at - base.at)) * 1e6);
    const newest = this.#marks.at(-1);
    if (newest === undefined || at - newest.at >= markEveryUs) this.#marks.push({ at, usageNs });
    return this.#last;
  }
}
