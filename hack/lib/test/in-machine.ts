/**
 * in-machine.ts PLAN : in a machine of hack/vm, runs test files one after the other, each in a process of its own, and
 * tells on stdout when one begins and what it came to. See machine.ts, which reads that.
 */
import { startPart } from './parts.ts';
import type { Counts } from './part.ts';

export interface Plan {
  /** What is made of part.ts. */
  readonly part: string;
  /** Names of test files, and what is made of them. */
  readonly files: readonly (readonly [name: string, path: string])[];
}

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
  const { part, files } = JSON.parse(process.argv[2] ?? '') as Plan;
  for (const [file, path] of files) {
    tell({ file });
    const begun = performance.now();
    const counts = await startPart([path], { program: part }).counts;
    tell({ file, counts, seconds: (performance.now() - begun) / 1000 });
  }
}
