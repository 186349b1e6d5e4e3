import type { TopAnswer } from '../control/top.ts';
import { rowsOf } from '../cli/top/rows.ts';
import type { TopRow } from '../cli/top/rows.ts';

export interface Point {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly cpuPercent: number;
  readonly memoryBytes: number;
}

export interface Measured {
  readonly row: TopRow;
  /** Oldest first. */
  readonly points: readonly Point[];
}

/** Milliseconds that a plot shows. */
export const windowMs = 120_000;
/** Who looks within this time of another is shown the same. */
const freshMs = 900;

/**
 * What containers used in the last minutes, as far as somebody looked: a page that is open asks every two seconds, and
 * while there is none nothing is measured.
 */
export class History {
  readonly #take: (signal: AbortSignal) => Promise<TopAnswer>;
  readonly #points = new Map<string, readonly Point[]>();
  #last: { readonly at: number; readonly answer: TopAnswer; readonly rows: readonly TopRow[] } | undefined;

  constructor(take: (signal: AbortSignal) => Promise<TopAnswer>) {
    this.#take = take;
  }

  async look(now: number, signal: AbortSignal): Promise<readonly Measured[]> {
    if (this.#last === undefined || now - this.#last.at >= freshMs) await this.#measure(now, signal);
    return (this.#last?.rows ?? []).map((row) => ({ row, points: this.#points.get(row.id) ?? [] }));
  }

  async #measure(now: number, signal: AbortSignal): Promise<void> {
    const answer = await this.#take(signal);
    const before = this.#last !== undefined && now - this.#last.at < windowMs ? this.#last.answer : undefined;
    const rows = rowsOf(answer, before);
    this.#last = { at: now, answer, rows };
    const there = new Set(rows.map(({ id }) => id));
    for (const id of this.#points.keys()) if (!there.has(id)) this.#points.delete(id);
    for (const row of rows) this.#points.set(row.id, [...this.#recent(row.id, now), ...pointsOf(row, now)]);
  }

  #recent(id: string, now: number): readonly Point[] {
    return (this.#points.get(id) ?? []).filter(({ at }) => now - at <= windowMs && at < now);
  }
}

function pointsOf({ cpuPercent, memoryBytes }: TopRow, at: number): readonly Point[] {
  return cpuPercent === null || memoryBytes === null ? [] : [{ at, cpuPercent, memoryBytes }];
}
