import type {
  ContainerStats,
  CpuUsage,
  IoUsage,
  MemoryUsage,
  PsiStats,
  SwapUsage,
} from '../../../../api/cri/v1/api.ts';
import type { Pressure, PressureShare } from '../../../cgroups/pressure.ts';
import type { Look } from '../../../sandbox/stats/look.ts';
import type { ContainerSample } from '../../../sandbox/stats/sample.ts';
import type { Sampler } from '../../../sandbox/stats/sampler.ts';
import type { Store } from '../../../sandbox/store/store.ts';

/** What the calls for statistics and metrics work with. */
export interface StatsHandlerParts {
  readonly store: Store;
  readonly sampler: Sampler;
  /** The mount point that writable layers are said to be on. */
  readonly root: string;
}

export function encodeStats(sample: ContainerSample, root: string): ContainerStats {
  const { record } = sample.container;
  return {
    attributes: {
      id: record.id,
      metadata: { name: record.config.name, attempt: record.config.attempt },
      labels: record.config.labels,
      annotations: record.config.annotations,
    },
    cpu: encodeCpu(sample),
    memory: encodeMemory(sample),
    writableLayer: layer(sample, root),
    swap: swap(sample),
    io: encodeIo(sample),
  };
}

const value = (number: bigint | undefined) => (number === undefined ? undefined : { value: number });

export function encodeCpu({ stats, nanoCores }: Look): CpuUsage {
  return {
    timestamp: stats.at,
    usageCoreNanoSeconds: value(stats.cpu?.usageNs),
    usageNanoCores: value(nanoCores),
    psi: pressure(stats.pressure?.cpu),
  };
}

export function encodeMemory({ stats: { at, memory, pressure: waits } }: Look): MemoryUsage {
  const { limit, workingSet } = memory ?? {};
  return {
    timestamp: at,
    workingSetBytes: value(workingSet),
    // To the limit; without one nobody can say.
    availableBytes: value(limit === undefined || workingSet === undefined ? undefined : atLeast0(limit - workingSet)),
    usageBytes: value(memory?.usage),
    rssBytes: value(memory?.rss),
    pageFaults: value(memory?.pageFaults),
    majorPageFaults: value(memory?.majorPageFaults),
    psi: pressure(waits?.memory),
  };
}

/** Left out on cgroup v1, which has no pressure to tell. */
export function encodeIo({ stats: { at, pressure: waits } }: Look): IoUsage | undefined {
  return waits?.io === undefined ? undefined : { timestamp: at, psi: pressure(waits.io) };
}

function swap({ stats: { at, memory } }: Look): SwapUsage | undefined {
  if (memory === undefined) return undefined;
  const left = memory.swapLimit === undefined ? undefined : atLeast0(memory.swapLimit - memory.swap);
  return { timestamp: at, swapAvailableBytes: value(left), swapUsageBytes: value(memory.swap) };
}

function layer({ layer: size }: ContainerSample, mountpoint: string): ContainerStats['writableLayer'] {
  if (size === undefined) return undefined;
  return {
    timestamp: size.timestamp,
    fsId: { mountpoint },
    usedBytes: value(BigInt(size.bytes)),
    inodesUsed: value(BigInt(size.inodes)),
  };
}

function pressure(of: Pressure | undefined): PsiStats | undefined {
  return of === undefined ? undefined : { Some: share(of.some), Full: share(of.full) };
}

/** CRI counts in nanoseconds, the kernel in microseconds. */
const share = ({ totalUs, avg10, avg60, avg300 }: PressureShare) => ({
  ...{ Total: totalUs * 1000n, Avg10: avg10, Avg60: avg60, Avg300: avg300 },
});

const atLeast0 = (number: bigint): bigint => (number < 0n ? 0n : number);
