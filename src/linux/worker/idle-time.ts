/** A Worker wanted again within so many milliseconds of the end of an unused one was ended too early. */
const regretMs = 60 * 60_000;

/**
 * How long an unused Worker of a pool is kept. One takes some 10 MB while it is there; of each that has ended the process
 * keeps some 50 kB for good, since N-API and koffi do not free all that they had for its thread. So the time doubles with
 * each that was ended too early: who is asked every ten seconds for ever soon keeps its Worker, and who is asked in bursts
 * hours apart is as small as can be between them. A pool ends two in an hour at most in the long run, times its size.
 */
export class IdleTime {
  readonly #least: number;
  #ms: number;
  /** When the last one was ended whose place nobody has taken. */
  #endedAt: number | undefined;

  constructor(leastMs: number) {
    this.#least = leastMs;
    this.#ms = leastMs;
  }

  /** Milliseconds; Infinity where it was told so. */
  get ms(): number {
    return this.#ms;
  }

  /** `now` in milliseconds, of any clock that does not go back. */
  ended(now: number): void {
    this.#endedAt = now;
  }

  started(now: number): void {
    if (this.#endedAt === undefined) return;
    this.#ms = now - this.#endedAt < regretMs ? Math.min(this.#ms * 2, regretMs) : this.#least;
    this.#endedAt = undefined;
  }
}
