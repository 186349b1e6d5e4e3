interface Cell {
  /** Counted in the earlier lives of the daemon. */
  readonly before: number;
  /** Lines of the kernel's log in this one. */
  lines: number;
  /** What the kernel's counter said last, on top of what those before it said: a cgroup can be made anew. */
  counted: number;
  base: number;
  there: boolean;
}

/**
 * Kills in the cgroups of one container. Each is counted by the kernel, and most have a line in its log: the counter
 * is right while the cgroup is there; of one that was removed before it was read, the lines are all there is.
 */
export class Ledger {
  readonly #cells = new Map<string, Cell>();

  /** `seen`: by cgroup, what is counted already. */
  constructor(seen: ReadonlyMap<string, number>) {
    for (const [cell, before] of seen) this.#cells.set(cell, { before, lines: 0, counted: 0, base: 0, there: false });
  }

  /** A line of the log was about this cgroup. */
  read(cell: string): void {
    this.#cell(cell).lines++;
  }

  /** What the counters say now; undefined: all of them are gone. */
  look(counters: ReadonlyMap<string, bigint> | undefined): void {
    for (const cell of this.#cells.values()) cell.there = false;
    for (const [name, count] of counters ?? []) {
      const cell = this.#cell(name);
      if (Number(count) < cell.counted) cell.base += cell.counted;
      cell.counted = Number(count);
      cell.there = true;
    }
  }

  *totals(): Generator<readonly [cell: string, kills: number]> {
    for (const [name, { before, lines, counted, base, there }] of this.#cells)
      yield [name, there ? base + counted : Math.max(base + counted, before + lines)];
  }

  #cell(name: string): Cell {
    const found = this.#cells.get(name);
    if (found !== undefined) return found;
    const cell = { before: 0, lines: 0, counted: 0, base: 0, there: false };
    this.#cells.set(name, cell);
    return cell;
  }
}
