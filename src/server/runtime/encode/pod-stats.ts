import type { NetworkInterfaceUsage, NetworkUsage, PodSandboxStats } from '../../../../api/cri/v1/api.ts';
import type { InterfaceCounters } from '../../../linux/interface-counters.ts';
import type { PodSample } from '../../../sandbox/stats/sample.ts';
import type { Pod } from '../../../sandbox/store/store.ts';
import { encodeCpu, encodeIo, encodeMemory, encodeStats } from './stats.ts';

export function encodePodStats(sample: PodSample, root: string): PodSandboxStats {
  const { at } = sample.stats;
  return {
    attributes: attributesOf(sample.pod),
    linux: {
      cpu: encodeCpu(sample),
      memory: encodeMemory(sample),
      network: network(sample),
      process: { timestamp: at, processCount: { value: BigInt(sample.processes) } },
      containers: sample.containers.map((container) => encodeStats(container, root)),
      io: encodeIo(sample),
    },
    windows: undefined,
  };
}

/** Of a sandbox without a cgroup: it uses nothing. */
export function encodeNoPodStats(pod: Pod): PodSandboxStats {
  return { attributes: attributesOf(pod), linux: undefined, windows: undefined };
}

function attributesOf({ record: { id, config } }: Pod): PodSandboxStats['attributes'] {
  const { name, uid, namespace, attempt, labels, annotations } = config;
  return { id, metadata: { name, uid, namespace, attempt }, labels, annotations };
}

/** eth0 by the custom of every network, else the first one. Left out on the host's network. */
function network({ interfaces, stats: { at } }: PodSample): NetworkUsage | undefined {
  if (interfaces === undefined) return undefined;
  const usages = interfaces.map(usageOf);
  const main = usages.find(({ name }) => name === 'eth0') ?? usages[0];
  return { timestamp: at, defaultInterface: main, interfaces: usages.filter((usage) => usage !== main) };
}

const usageOf = ({ name, rxBytes, rxErrors, txBytes, txErrors }: InterfaceCounters): NetworkInterfaceUsage => ({
  ...{ name, rxBytes: { value: rxBytes }, rxErrors: { value: rxErrors } },
  ...{ txBytes: { value: txBytes }, txErrors: { value: txErrors } },
});
