interface Cell {
  /** Counted in the earlier lives of the daemon. */
  readonly before: number;
  /** Lines of the kernel's log in this one. */
  lines: number;
  /** What the kernel's counter said last, on top of what those before it said: a cgroup can be made anew. */
  counted: number;
  base: number;
  /** The counter was read: it is believed from then on. */
  there: boolean;
  /** What `fresh` told of. */
  told: number;
}

/**
 * Kills in the cgroups of one container. Each is counted by the kernel, and most have a line in its log: the counter
 * is right while the cgroup is there; of one that was removed before it was read, the lines are all there is.
 */
export class Ledger {
  readonly #cells = new Map<string, Cell>();
  #gone = false;

  /** `seen`: by cgroup, what is counted already. */
  constructor(seen: ReadonlyMap<string, number>) {
    for (const [cell, before] of seen)
      this.#cells.set(cell, { before, lines: 0, counted: 0, base: 0, there: false, told: before });
  }

  /** A line of the log was about this cgroup. An old one may be of what an earlier life counted. */
  read(cell: string, old: boolean): void {
    const found = this.#cell(cell);
    if (!old || found.before === 0) found.lines++;
  }

  /** What the counters say now; undefined: all of them are gone, and what they said last stands. */
  look(counters: ReadonlyMap<string, bigint> | undefined): void {
    this.#gone = counters === undefined;
    for (const [name, count] of counters ?? []) {
      const cell = this.#cell(name);
      if (Number(count) < cell.counted) cell.base += cell.counted;
      cell.counted = Number(count);
      cell.there = true;
    }
  }

  /** Kills that its counter had no time to tell of, as it was removed; something else counted them. */
  credit(kills: number): void {
    const cell = this.#cell('');
    cell.counted = totalOf(cell, this.#gone) - cell.base + kills;
    cell.there = true;
  }

  /** In all its cgroups, those too that were told of. */
  get total(): number {
    return [...this.#cells.values()].reduce((sum, cell) => sum + totalOf(cell, this.#gone), 0);
  }

  /** The cgroup of each kill that was not told of before. */
  *fresh(): Generator<string> {
    for (const [name, cell] of this.#cells)
      for (const total = totalOf(cell, this.#gone); cell.told < total; cell.told++) yield name;
  }

  #cell(name: string): Cell {
    const found = this.#cells.get(name);
    if (found !== undefined) return found;
    const cell = { before: 0, lines: 0, counted: 0, base: 0, there: false, told: 0 };
    this.#cells.set(name, cell);
    return cell;
  }
}

/** Of one that is gone the counter may have been read for the last time before the last kill. */
function totalOf({ before, lines, counted, base, there }: Cell, gone: boolean): number {
  if (!there) return before + lines;
  return gone ? Math.max(base + counted, before + lines) : base + counted;
}
