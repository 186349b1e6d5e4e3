import type { FileSystemFacts } from '../../../linux/disk-worker.ts';
import type { InterfaceCounters } from '../../../linux/interface-counters.ts';
import type { ContainerDetail, ContainerLook } from '../look.ts';

/** All that the series of one container are made of. */
export interface ContainerFigures {
  readonly look: ContainerLook;
  /** Seconds since 1970; undefined before it was started. */
  readonly startedAt: number | undefined;
  readonly createdAt: number;
  /** Of its writable layer; undefined until it was measured once. */
  readonly layer: { readonly bytes: number } | undefined;
  readonly fileSystem: FileSystemFacts | undefined;
  readonly oomEvents: number;
}

/** All that the series of one sandbox are made of: its network. */
export interface PodFigures {
  readonly interfaces: readonly InterfaceCounters[];
}

export const cpuOf = ({ look }: ContainerFigures) => look.stats.cpu;
export const memoryOf = ({ look }: ContainerFigures) => look.stats.memory;
export const moreOf = ({ look }: ContainerFigures): ContainerDetail | undefined => look.more;
