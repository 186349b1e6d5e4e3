import { nowNanos } from '../../base/clock.ts';
import type { ContainerState } from '../container/state.ts';
import type { PodState } from '../pod/state.ts';
import type { Container, ContainerFacts, Pod, PodFacts, Store, StoreObserver } from '../store/store.ts';

export type LifeKind = 'created' | 'started' | 'stopped' | 'deleted';

/** A step in the life of a pod or container, with everything in its pod as it was in that instant. */
export interface LifeEvent {
  readonly kind: LifeKind;
  /** Undefined: the pod's own. */
  readonly container: ContainerFacts | undefined;
  /** Nanoseconds since 1970; never the same twice, never going back. */
  readonly at: bigint;
  /** Undefined only for a container whose pod cannot be read. */
  readonly pod: PodFacts | undefined;
  /** Those of the pod; a deleted one is not among them. */
  readonly containers: readonly ContainerFacts[];
}

/**
 * Tells of every change of the store, whoever made it: an RPC, an exit, the recovery after a crash. No operation has to
 * think of it, and none can forget it.
 */
export function watchLives(store: Store, tell: (event: LifeEvent) => void): StoreObserver {
  let last = 0n;
  const snapshot = (one: Pod | Container) => ({ record: one.record, state: one.state });
  const emit = (kind: LifeKind, pod: Pod | undefined, container?: Container) => {
    const now = nowNanos();
    // The kubelet orders what it caches by this time.
    last = now > last ? now : last + 1n;
    const podId = pod?.record.id ?? container?.record.podId;
    const others = podId === undefined ? [] : store.containersOf(podId);
    tell({
      kind,
      at: last,
      container: container && (snapshot(container) as ContainerFacts),
      pod: pod && (snapshot(pod) as PodFacts),
      containers: others.filter(({ state }) => state.kind !== 'creating').map((one) => snapshot(one) as ContainerFacts),
    });
  };
  return {
    podChanged(pod, before) {
      for (const kind of podSteps(before, pod.state)) emit(kind, pod);
    },
    containerChanged(container, before) {
      const pod = store.pods.get(container.record.podId);
      for (const kind of containerSteps(before, container.state)) emit(kind, pod, container);
    },
    // What was never made was never told of.
    podDropped(pod) {
      if (pod.state.kind !== 'creating') emit('deleted', pod);
    },
    containerDropped(container) {
      if (container.state.kind !== 'creating') emit('deleted', store.pods.get(container.record.podId), container);
    },
  };
}

/** A sandbox runs from the moment it is made: as other runtimes do, both are told. */
function podSteps(before: PodState, after: PodState): readonly LifeKind[] {
  if (before.kind === 'creating') return after.kind === 'ready' ? ['created', 'started'] : [];
  const ended = (state: PodState) => state.kind === 'stopped' || state.kind === 'broken';
  return ended(after) && !ended(before) ? ['stopped'] : [];
}

function containerSteps(before: ContainerState, after: ContainerState): readonly LifeKind[] {
  if (before.kind === after.kind) return [];
  switch (after.kind) {
    case 'created':
      return before.kind === 'creating' ? ['created'] : [];
    case 'running':
      return ['started'];
    case 'exited':
      if (before.kind === 'creating') return ['created', 'stopped'];
      // It ended before the OCI runtime's answer to its start was read; one that could not be started never ran.
      return before.kind === 'starting' && after.reason !== 'StartError' ? ['started', 'stopped'] : ['stopped'];
    default:
      return [];
  }
}
