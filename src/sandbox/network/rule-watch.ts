import { messageOf } from '../../base/errors.ts';
import type { RuleChange } from '../../linux/netlink/rule-monitor.ts';
import type { ForwardGuard } from './firewalls/forward.ts';
import { tableName } from './names.ts';
import type { BuiltInOptions } from './open.ts';

/** Milliseconds from a change to the look at it: a firewall that reloads makes many. */
const settleMs = 200;

/** Mends our rules as soon as others have flushed them, and looks at the rules of others when those change. */
export class RuleWatch implements Disposable {
  readonly #options: Pick<BuiltInOptions, 'instance' | 'log'>;
  readonly #guard: ForwardGuard;
  readonly #mend: () => Promise<readonly string[]>;
  #watch: Disposable | undefined;
  #timer: NodeJS.Timeout | undefined;

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
    if (this.#timer === undefined && this.#concerns(change))
      this.#timer = setTimeout(() => void this.#look(), settleMs).unref();
  }

  #concerns(change: RuleChange | 'lost'): boolean {
    if (change === 'lost') return true;
    const ours = change.table === tableName(this.#options.instance);
    if (change.what === 'deleted') return ours || this.#guard.mayStandIn(change.table);
    return !ours;
  }

  async #look(): Promise<void> {
    this.#timer = undefined;
    try {
      for (const what of await this.#mend()) this.#options.log.warn({ what }, 'pod network mended');
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
