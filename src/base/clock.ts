/** Wall-clock time in nanoseconds since 1970, as CRI wants it. Resolution is a microsecond. */
export function nowNanos(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
}

/** Milliseconds since an arbitrary start, never going back: for measuring durations. */
export function monotonicMs(): number {
  return performance.now();
}
