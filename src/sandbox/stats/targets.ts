import type { Container, Pod, Store } from '../store/store.ts';
import type { ContainerTarget, PodTarget } from './looker.ts';

export const runningIn = (store: Store): readonly Container[] =>
  [...store.containers.values()].filter(({ state }) => state.kind === 'running');

export function containerTarget({ record, state }: Container): ContainerTarget {
  const cpuShares = 'resources' in state ? state.resources.cpuShares : 0;
  return { id: record.id, cgroup: record.cgroup, cpuShares };
}

export function podTarget({ record }: Pod): PodTarget {
  return { id: record.id, cgroup: record.cgroup, netns: record.pins.net };
}
