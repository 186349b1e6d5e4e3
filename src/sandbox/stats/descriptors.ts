import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { monotonicMs } from '../../base/clock.ts';
import type { DescriptorFigures } from './look.ts';

/** Counted again after so long, in milliseconds, and never for longer than the budget of one pass. */
const ageMs = 10_000;
const budgetMs = 4;

interface Counted {
  at: number;
  figures: DescriptorFigures;
}

/**
 * Open files and sockets of containers. Each costs a call, and a process may have a hundred thousand: so a pass counts
 * for some milliseconds only, those first whose figures are oldest, and tells of the others what was counted last.
 */
export class DescriptorCounts {
  readonly #counts = new Map<string, Counted>();

  of(id: string): DescriptorFigures | undefined {
    return this.#counts.get(id)?.figures;
  }

  /** Counts where figures are missing or old, until the budget is spent; a count that has begun is finished. */
  refresh<T extends { readonly id: string }>(containers: readonly T[], pidsOf: (one: T) => readonly number[]): void {
    const now = monotonicMs();
    const countedAt = ({ id }: T) => this.#counts.get(id)?.at ?? -Infinity;
    const due = containers.filter((one) => now - countedAt(one) >= ageMs).sort((a, b) => countedAt(a) - countedAt(b));
    for (const one of due) {
      if (monotonicMs() - now > budgetMs) return;
      this.#counts.set(one.id, { at: now, figures: count(pidsOf(one)) });
    }
  }

  forget(id: string): void {
    this.#counts.delete(id);
  }
}

function count(pids: readonly number[]): DescriptorFigures {
  const total = { open: 0, sockets: 0 };
  for (const pid of pids) {
    for (const fd of list(`/proc/${pid}/fd`)) {
      total.open++;
      if (isSocket(`/proc/${pid}/fd/${fd}`)) total.sockets++;
    }
  }
  return { ...total, softLimit: pids[0] === undefined ? undefined : softLimitOf(pids[0]) };
}

/** A process may end while it is looked at: then it has none. */
function list(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:');
  } catch {
    return false;
  }
}

function softLimitOf(pid: number): number | undefined {
  try {
    const soft = /^Max open files +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'latin1'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
