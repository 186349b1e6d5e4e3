import type { FileSystemFacts } from '../../linux/disk-worker.ts';
import type { Container, Pod } from '../store/store.ts';
import type { LayerSize } from './layer-sizes.ts';
import type { ContainerLook, PodLook } from './look.ts';
import type { ContainerFigures } from './series/figures.ts';

/** One look at one container. */
export interface ContainerSample extends ContainerLook {
  readonly container: Container;
  /** Of its writable layer; undefined where it takes long to measure for the first time. */
  readonly layer: LayerSize | undefined;
  /** Of the file system of all writable layers; undefined until it was looked at once. */
  readonly fileSystem: FileSystemFacts | undefined;
  /** OOM kills in all containers that had its name in the pod. */
  readonly oomEvents: number;
}

/** What the series of a container are made of. */
export function figuresOf(sample: ContainerSample): ContainerFigures {
  const { container, layer, fileSystem, oomEvents } = sample;
  const times = { createdAt: Number(container.record.createdAt) / 1e9, startedAt: startedAt(container) };
  return { look: sample, ...times, layer, fileSystem, oomEvents };
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
