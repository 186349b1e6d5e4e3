/**
 * in-machine.ts FILE... : in a machine of hack/vm, runs test files one after the other, each in a process of its own, and
 * tells on stdout when one begins and what it came to. See machine.ts, which reads that.
 */
import { startPart } from './parts.ts';
import type { Counts } from './part.ts';

/** Begins a line of output that holds a Told. */
export const mark = '#told ';

export interface Told {
  readonly file: string;
  /** Absent: it begins. */
  readonly counts?: Counts;
  readonly seconds?: number;
}

const tell = (told: Told) => console.log(mark + JSON.stringify(told));

if (import.meta.main) {
  for (const file of process.argv.slice(2)) {
    tell({ file });
    const begun = performance.now();
    const counts = await startPart([file]).counts;
    tell({ file, counts, seconds: (performance.now() - begun) / 1000 });
  }
}
