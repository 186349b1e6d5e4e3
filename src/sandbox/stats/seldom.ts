import { readFileSync, readdirSync } from 'node:fs';
import { monotonicMs } from '../../base/clock.ts';
import type { HugetlbStats } from '../../cgroups/controllers/hugetlb.ts';
import type { Limits } from '../../cgroups/resources.ts';
import type { Bounds, StatsReader, Wanted } from '../../cgroups/stats-reader.ts';

/** Milliseconds after which limits are read again that nobody changed over CRI. */
const limitsAgeMs = 60_000;
const hugePages: Wanted = { parts: new Set(['hugetlb']), without: new Set() };

/** What changes seldom of one container and takes a dozen reads: its limits, and huge pages where the node has none. */
export class SeldomRead {
  readonly #limits = new Kept<Limits>();
  readonly #bounds = new Kept<Bounds>();
  #hugetlb: readonly HugetlbStats[] | undefined;

  /** `revision` is another one after every update. */
  limits(reader: StatsReader, cpuShares: number, revision: string): Limits {
    return this.#limits.of(revision, () => reader.limits({ cpuShares: BigInt(cpuShares) }));
  }

  bounds(reader: StatsReader, revision: string): Bounds {
    return this.#bounds.of(revision, () => reader.bounds());
  }

  hugetlb(reader: StatsReader, nodeHasSome: boolean): readonly HugetlbStats[] {
    if (nodeHasSome || this.#hugetlb === undefined) this.#hugetlb = reader.read(hugePages)?.hugetlb ?? [];
    return this.#hugetlb;
  }
}

/** What was read last, for one revision and for so long. */
class Kept<T> {
  #last: { readonly revision: string; readonly at: number; readonly value: T } | undefined;

  of(revision: string, read: () => T): T {
    const now = monotonicMs();
    if (this.#last?.revision !== revision || now - this.#last.at >= limitsAgeMs)
      this.#last = { revision, at: now, value: read() };
    return this.#last.value;
  }
}

/** Whether any pool of the node has a page, or may take one (admin-guide/mm/hugetlbpage.rst). */
export function nodeHasHugePages(): boolean {
  const pools = '/sys/kernel/mm/hugepages';
  try {
    return readdirSync(pools).some((pool) =>
      ['nr_hugepages', 'nr_overcommit_hugepages'].some(
        (file) => readFileSync(`${pools}/${pool}/${file}`, 'latin1') !== '0\n',
      ),
    );
  } catch {
    return false;
  }
}
