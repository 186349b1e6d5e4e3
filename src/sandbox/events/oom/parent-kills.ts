import type { Cgroups } from '../../../cgroups/cgroups.ts';
import type { CgroupPath } from '../../../cgroups/path.ts';
import type { Counted } from './new-kills.ts';

interface Parent {
  /** Kills of nobody that is watched: from before our time, and of containers that were forgotten since. */
  others: number;
}

const parentOf = ({ container }: Counted) => container.record.cgroup.slice(0, container.record.cgroup.lastIndexOf('/'));

/**
 * On v2 a cgroup counts the kills of all below it, of those too that are gone: what the pod's counter says and none of its
 * containers does, happened in one whose cgroup was removed before it was read, as systemd does at the last exit.
 */
export class ParentKills {
  readonly #cgroups: Pick<Cgroups, 'countedBelow'>;
  readonly #parents = new Map<string, Parent>();

  constructor(cgroups: Pick<Cgroups, 'countedBelow'>) {
    this.#cgroups = cgroups;
  }

  /** From now on its parent's kills are compared. `all`: whoever is watched already. */
  add(one: Counted, all: Iterable<Counted>): void {
    const parent = parentOf(one);
    if (this.#parents.has(parent)) return;
    const others = this.#count(parent) - total(parent, all);
    this.#parents.set(parent, { others: Math.max(0, others) });
  }

  /** `rest`: who is still watched. */
  forget(one: Counted, rest: Iterable<Counted>): void {
    const parent = parentOf(one);
    const known = this.#parents.get(parent);
    if (known === undefined) return;
    if ([...rest].some((other) => parentOf(other) === parent)) known.others += one.ledger.total;
    else this.#parents.delete(parent);
  }

  /** How many kills in the parent of this container nobody has told of. */
  unexplained(one: Counted, all: Iterable<Counted>): number {
    const parent = parentOf(one);
    const known = this.#parents.get(parent);
    return known === undefined ? 0 : this.#count(parent) - known.others - total(parent, all);
  }

  #count(parent: string): number {
    return Number(this.#cgroups.countedBelow(parent as CgroupPath) ?? 0n);
  }
}

function total(parent: string, all: Iterable<Counted>): number {
  return [...all].filter((one) => parentOf(one) === parent).reduce((sum, { ledger }) => sum + ledger.total, 0);
}
