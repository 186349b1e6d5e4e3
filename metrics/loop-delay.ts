import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Milliseconds between two looks: fine enough to see a stalled loop. */
const resolutionMs = 20;
/** Milliseconds without a question after which nobody looks any more: fifty looks a second are not for nothing. */
const forgottenAfterMs = 300_000;

/** How long the event loop was held up, watched from the first question on. */
export class LoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  #forgotten: NodeJS.Timeout | undefined;

  /** Seconds, the longest since the last question. */
  longest(): number {
    const { max } = this.#histogram;
    this.#histogram.enable();
    this.#histogram.reset();
    clearTimeout(this.#forgotten);
    this.#forgotten = setTimeout(() => this.#histogram.disable(), forgottenAfterMs).unref();
    // Node counts from one look to the next, the pause between them included.
    return Math.max(0, (Number.isFinite(max) ? max : 0) / 1e9 - resolutionMs / 1000);
  }
}
