import type { ContainerStats } from '../../../../api/cri/v1/api.ts';
import type { ContainerSample } from '../../../sandbox/stats.ts';

const value = (number: bigint | undefined) => (number === undefined ? undefined : { value: number });

export function encodeStats(sample: ContainerSample): ContainerStats {
  const { record } = sample.container;
  const { timestamp, cpu, memory, swap } = sample;
  return {
    attributes: {
      id: record.id,
      metadata: { name: record.config.name, attempt: record.config.attempt },
      labels: record.config.labels,
      annotations: record.config.annotations,
    },
    cpu: {
      timestamp,
      usageCoreNanoSeconds: value(cpu.usageNs),
      usageNanoCores: value(cpu.nanoCores),
      psi: undefined,
    },
    memory: {
      timestamp,
      workingSetBytes: value(memory.workingSetBytes),
      availableBytes: value(memory.availableBytes),
      usageBytes: value(memory.usageBytes),
      rssBytes: value(memory.rssBytes),
      pageFaults: value(memory.pageFaults),
      majorPageFaults: value(memory.majorPageFaults),
      psi: undefined,
    },
    writableLayer: {
      timestamp: sample.disk.timestamp,
      fsId: { mountpoint: sample.disk.mountpoint },
      usedBytes: value(sample.disk.bytes),
      inodesUsed: value(sample.disk.inodes),
    },
    swap:
      swap === undefined
        ? undefined
        : { timestamp, swapAvailableBytes: value(swap.availableBytes), swapUsageBytes: value(swap.usageBytes) },
    io: undefined,
  };
}
