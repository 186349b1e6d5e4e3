/** Wall-clock time in whole microseconds since 1970: as fine as a double can tell it. */
export function nowMicros(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

/** Wall-clock time in nanoseconds since 1970, as CRI wants it. Resolution is a microsecond. */
export function nowNanos(): bigint {
  return BigInt(nowMicros()) * 1000n;
}

/** Milliseconds since an arbitrary start, never going back: for measuring durations. */
export function monotonicMs(): number {
  return performance.now();
}
