import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Milliseconds between two looks: fine enough to see a stalled loop. */
const fineMs = 20;
/** Milliseconds after a question for which looks are that fine: fifty a second are 0.3 % of a processor. */
const fineForMs = 2000;
/** Milliseconds between two looks at other times: what lasts longer is always seen. */
const coarseMs = 250;
/** Milliseconds without a question after which nobody looks any more. */
const forgottenAfterMs = 300_000;

/** How long the event loop was held up, watched from the first question on: closely while one is answered. */
export class LoopDelay {
  readonly #fine = monitorEventLoopDelay({ resolution: fineMs });
  #longestMs = 0;
  #coarse: NodeJS.Timeout | undefined;
  #fineEnd: NodeJS.Timeout | undefined;
  #forgotten: NodeJS.Timeout | undefined;

  /** Seconds, the longest since the last question. */
  longest(): number {
    this.#takeFine();
    const longest = this.#longestMs / 1000;
    this.#longestMs = 0;
    this.#fine.enable();
    clearTimeout(this.#fineEnd);
    this.#fineEnd = setTimeout(() => this.#takeFine(), fineForMs).unref();
    this.#coarse ??= this.#look();
    clearTimeout(this.#forgotten);
    this.#forgotten = setTimeout(() => this.#forget(), forgottenAfterMs).unref();
    return longest;
  }

  #look(): NodeJS.Timeout {
    let due = performance.now() + coarseMs;
    return setInterval(() => {
      const now = performance.now();
      this.#longestMs = Math.max(this.#longestMs, now - due);
      due = now + coarseMs;
    }, coarseMs).unref();
  }

  /** Node forgets what it saw when it begins anew. It counts from one look to the next, the pause between them included. */
  #takeFine(): void {
    const { max } = this.#fine;
    this.#fine.disable();
    this.#fine.reset();
    if (Number.isFinite(max)) this.#longestMs = Math.max(this.#longestMs, max / 1e6 - fineMs);
  }

  #forget(): void {
    clearInterval(this.#coarse);
    this.#coarse = undefined;
  }
}
