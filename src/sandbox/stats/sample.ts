import type { Container, Pod } from '../store/store.ts';
import type { ContainerLook, PodLook } from './look.ts';

/** One look at one container. */
export interface ContainerSample extends ContainerLook {
  readonly container: Container;
  /** OOM kills in all containers that had its name in the pod. */
  readonly oomEvents: number;
}

/** Seconds since 1970; undefined for one that does not run. */
export function startedAt({ state }: Container): number | undefined {
  return state.kind === 'running' ? Number(state.startedAt) / 1e9 : undefined;
}

/** One look at one sandbox and its running containers. */
export interface PodSample extends PodLook {
  readonly pod: Pod;
  readonly containers: readonly ContainerSample[];
}
