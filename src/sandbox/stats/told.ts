import type { LayerSize } from './layer-sizes.ts';
import type { SubjectLabels } from './labels.ts';
import type { ContainerTarget, PodTarget } from './looker.ts';

/** What the main thread knows of a container that its cgroup does not say. The Worker is told once, and of changes. */
export interface ToldContainer extends ContainerTarget {
  readonly labels: SubjectLabels;
  /** CRI's ContainerAttributes, as a message. */
  readonly attributes: Uint8Array;
  /** Seconds since 1970; undefined before it was started. */
  readonly startedAt: number | undefined;
  readonly createdAt: number;
  /** Of its writable layer; undefined until it was measured once. */
  readonly layer: LayerSize | undefined;
}

export interface ToldPod extends PodTarget {
  readonly labels: SubjectLabels;
  /** CRI's PodSandboxAttributes, as a message. */
  readonly attributes: Uint8Array;
}

/** What is new since the Worker was asked last. */
export interface News {
  readonly containers: readonly ToldContainer[];
  readonly pods: readonly ToldPod[];
  /** Of containers that were told of before. */
  readonly layers: readonly { readonly id: string; readonly layer: LayerSize | undefined }[];
  /** Ids of what is no more. */
  readonly gone: readonly string[];
}

/** A sandbox by its id, with those of its containers that run. */
export interface AskedPod {
  readonly id: string;
  readonly containers: readonly string[];
}
