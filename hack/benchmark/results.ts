import type { KubeletResult } from './kubelet.ts';
import type { Machine } from './machine.ts';
import type { MemoryPoint } from './memory.ts';
import type { PullResult } from './pulls.ts';
import type { RemovalResult } from './removal.ts';
import type { Measure, Summary } from './samples.ts';
import type { StartPoint } from './starts.ts';
import type { StatsResult } from './stats.ts';
import type { StreamsResult } from './streams.ts';

/** All that a run has found; what --json writes. Times are milliseconds, sizes MiB. */
export interface Results {
  readonly machine: Machine;
  /** Of one minute, before and after the run. */
  readonly load: readonly [before: number, after: number];
  /** Pods that ran while calls were measured. */
  readonly pods: number;
  readonly rounds: number;
  readonly contestants: readonly ContestantResults[];
}

export interface ContestantResults {
  readonly name: string;
  readonly version: string;
  readonly calls: Partial<Record<Measure, Summary>>;
  /** In the order they were read. */
  readonly memory: (MemoryPoint & { readonly when: string })[];
  readonly starts: StartPoint[];
  streams?: StreamsResult;
  removal?: RemovalResult;
  pull?: PullResult;
  stats?: StatsResult;
  kubelet?: KubeletResult;
}
