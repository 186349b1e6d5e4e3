import { messageOf } from '../../base/errors.ts';
import type { RuleChange } from '../../linux/netlink/rule-monitor.ts';
import type { ForwardGuard } from './firewalls/forward.ts';
import { tableName } from './names.ts';
import type { BuiltInOptions } from './open.ts';

/** Milliseconds from a change to the look at it: a firewall that reloads makes many. */
const settleMs = 200;

/** Milliseconds from a look that found nothing to the next one because of others' chains: each starts processes. */
const pauseMs = 1_000;

/** Mends our rules as soon as others have flushed them, and looks at the rules of others when those change. */
export class RuleWatch implements Disposable {
  readonly #options: Pick<BuiltInOptions, 'instance' | 'log'>;
  readonly #guard: ForwardGuard;
  readonly #mend: () => Promise<readonly string[]>;
  #watch: Disposable | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** By the clock of performance.now(), like `#rest`. */
  #due = Infinity;
  /** Until then others' changes wait. */
  #rest = 0;

  constructor(
    options: Pick<BuiltInOptions, 'instance' | 'log' | 'watchRules'>,
    guard: ForwardGuard,
    mend: () => Promise<readonly string[]>,
  ) {
    this.#options = options;
    this.#guard = guard;
    this.#mend = mend;
    this.#watch = options.watchRules?.((change) => this.#changed(change));
  }

  #changed(change: RuleChange | 'lost'): void {
    if (!this.#concerns(change)) return;
    const now = performance.now();
    const isUrgent = change === 'lost' || change.what === 'deleted';
    const due = isUrgent ? now + settleMs : Math.max(now + settleMs, this.#rest);
    if (due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => void this.#look(), due - now).unref();
  }

  #concerns(change: RuleChange | 'lost'): boolean {
    if (change === 'lost') return true;
    const ours = change.table === tableName(this.#options.instance);
    if (change.what === 'deleted') return ours || this.#guard.mayStandIn(change.table);
    return !ours;
  }

  async #look(): Promise<void> {
    this.#due = Infinity;
    try {
      const mended = await this.#mend();
      for (const what of mended) this.#options.log.warn({ what }, 'pod network mended');
      this.#rest = mended.length > 0 ? 0 : performance.now() + pauseMs;
    } catch (error) {
      this.#options.log.error({ error: messageOf(error) }, 'the pod network cannot be mended; trying again');
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }
}
