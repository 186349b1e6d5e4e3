interface Mark {
  readonly at: bigint;
  readonly usageNs: bigint;
}

/** A rate is told over at least this long where samples allow it: two consumers in a row must not make it jump. */
const wantedNs = 1_000_000_000n;
/** A shorter distance between two samples says nothing of the rate. */
const leastNs = 50_000_000n;
const markEveryNs = 250_000_000n;

/** CPU use from two looks at the time used; nobody has to look at a certain time. */
export class CpuRate {
  #marks: Mark[] = [];
  #last: bigint | undefined;

  /** Nanoseconds of CPU time used by `at` → billionths of a CPU since an earlier look; undefined at the first. */
  next(at: bigint, usageNs: bigint): bigint | undefined {
    if ((this.#marks.at(-1)?.usageNs ?? 0n) > usageNs) this.#marks = [];
    const old = this.#marks.findLastIndex((mark) => at - mark.at >= wantedNs);
    if (old > 0) this.#marks.splice(0, old);
    const [base] = this.#marks;
    if (base !== undefined && at - base.at >= leastNs)
      this.#last = ((usageNs - base.usageNs) * 1_000_000_000n) / (at - base.at);
    const newest = this.#marks.at(-1);
    if (newest === undefined || at - newest.at >= markEveryNs) this.#marks.push({ at, usageNs });
    return this.#last;
  }
}
