import { readFile } from 'node:fs/promises';
import { messageOf } from '../../../base/errors.ts';
import type { InstanceId } from '../../../base/ids.ts';
import { runCommand } from '../../../linux/run.ts';
import { tableName } from '../names.ts';
import { obstacles, readForwardRules, withoutIpv6 } from './look.ts';
import type { ForwardRules, Machine } from './look.ts';
import { addAccepts, removeAccepts, ruleComment } from './mend.ts';

/** Milliseconds that nft or iptables may take: others hold its lock while they write much. */
const runTimeoutMs = 20_000;

const thisMachine: Machine = {
  run: async (path, ...args) =>
    runCommand(path, args, { signal: AbortSignal.timeout(runTimeoutMs) }).catch(() => undefined),
  read: async (path) => readFile(path, 'utf8').catch(() => undefined),
};

/** What an administrator does about an obstacle. */
export const forwardAdvice = 'set network.accept_forward = true, or accept it there yourself';

/**
 * Other people's rules at the forward hook. An accept in our table does not overrule their drop: it is told, and where
 * the setting allows it an accept is added in their chain.
 */
export class ForwardGuard {
  readonly #instance: InstanceId;
  readonly #bridge: string;
  readonly #accept: boolean;
  readonly #machine: Machine;
  #problem: string | undefined;
  #failure = '';
  #tables: ReadonlySet<string> = new Set();

  constructor(instance: InstanceId, bridge: string, accept: boolean, machine: Machine = thisMachine) {
    this.#instance = instance;
    this.#bridge = bridge;
    this.#accept = accept;
    this.#machine = machine;
  }

  /** What keeps pods from reaching anything beyond this node; undefined when nothing does. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Whether a deletion in this table can concern us: there our accept may stand. */
  mayStandIn(table: string): boolean {
    return this.#accept && this.#tables.has(table);
  }

  /** Looks, mends where it may, and says what it did. Never throws: what it cannot do is said once. */
  async look({ ipv6 }: { readonly ipv6: boolean }): Promise<readonly string[]> {
    const before = this.#problem;
    try {
      const found = await this.#read();
      this.#tables = new Set(found.chains.map(({ chain }) => chain.table));
      const concerning = ipv6 ? (rules: ForwardRules) => rules : withoutIpv6;
      const done = await this.#mend(concerning(found));
      const left = obstacles(concerning(done.length === 0 ? found : await this.#read()), this.#bridge);
      this.#problem =
        left.length === 0 ? undefined : `pods reach nothing beyond this node: ${left.join('; ')}; ${forwardAdvice}`;
      return [...done, ...(this.#problem === undefined || this.#problem === before ? [] : [this.#problem])];
    } catch (error) {
      const told = `the rules of other firewalls cannot be read or mended: ${messageOf(error)}`;
      const isNew = told !== this.#failure;
      this.#failure = told;
      return isNew ? [told] : [];
    }
  }

  async #mend(found: ForwardRules): Promise<readonly string[]> {
    const change = this.#accept ? addAccepts : removeAccepts;
    return change(this.#machine, found, this.#bridge, ruleComment(this.#instance));
  }

  /** Takes away what was added, and says what. */
  async remove(): Promise<readonly string[]> {
    return removeAccepts(this.#machine, await this.#read(), this.#bridge, ruleComment(this.#instance));
  }

  async #read() {
    return readForwardRules(this.#machine, (table) => table === tableName(this.#instance));
  }
}
