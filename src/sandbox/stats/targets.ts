import type { Container, Pod, Store } from '../store/store.ts';
import type { ContainerTarget, PodTarget } from './looker.ts';

export const runningIn = (store: Store): readonly Container[] =>
  [...store.containers.values()].filter(({ state }) => state.kind === 'running');

export function containerTarget({ record, state }: Container): ContainerTarget {
  const resources = 'resources' in state ? state.resources : record.config.resources;
  const { cpuShares, cpuQuota, cpuPeriod, memoryLimitBytes, memorySwapLimitBytes, pidsLimit, unified } = resources;
  const named = [cpuShares, cpuQuota, cpuPeriod, memoryLimitBytes, memorySwapLimitBytes, pidsLimit];
  // A kubelet gives limits of swap by the name of their file.
  const revision = [...named, ...Object.entries(unified)].join();
  return { id: record.id, cgroup: record.cgroup, cpuShares, revision };
}

export function podTarget({ record, state }: Pod): PodTarget {
  // The kubelet writes a pod's limits itself, and tells of it afterwards.
  const revision = JSON.stringify('resized' in state ? state.resized : record.config.limits);
  return { id: record.id, cgroup: record.cgroup, netns: record.pins.net, revision };
}
