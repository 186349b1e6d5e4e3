import { ContainerState, PodSandboxState } from '../../../../api/cri/v1/api.ts';
import type {
  ContainerFilter,
  ContainerStatsFilter,
  PodSandboxFilter,
  PodSandboxStatsFilter,
} from '../../../../api/cri/v1/api.ts';
import { fail } from '../../../base/errors.ts';
import { isStandalone, madeAlone } from '../../../sandbox/standalone/standalone.ts';
import { findContainer, findPod } from '../../../sandbox/store/resolve.ts';
import type { Container, Pod, Store } from '../../../sandbox/store/store.ts';
import { encodeContainerState } from '../encode/container.ts';
import { encodePodState } from '../encode/pod.ts';

/** Listed pods that a filter lets through, of CRI's own making; a short id matches as it does elsewhere. */
export function filterPods(store: Store, filter: PodSandboxFilter | undefined): readonly Pod[] {
  const state = checkedState(filter?.state?.state, PodSandboxState, 'filter.state');
  const selector = Object.entries(filter?.labelSelector ?? {});
  const from = filter === undefined || filter.id === '' ? store.pods.values() : listOf(findPod(store, filter.id));
  return [...from].filter(
    (pod) =>
      pod.state.kind !== 'creating' &&
      !madeAlone(pod) &&
      (state === undefined || encodePodState(pod) === state) &&
      matches(pod.record.config.labels, selector),
  );
}

/** Listed containers that a filter lets through. */
export function filterContainers(store: Store, filter: ContainerFilter | undefined): readonly Container[] {
  const state = checkedState(filter?.state?.state, ContainerState, 'filter.state');
  const selector = Object.entries(filter?.labelSelector ?? {});
  const podId = filter?.podSandboxId ?? '';
  const pod = podId === '' ? undefined : findPod(store, podId);
  if (podId !== '' && pod === undefined) return [];
  const from =
    filter === undefined || filter.id === '' ? store.containers.values() : listOf(findContainer(store, filter.id));
  return [...from].filter(
    (container) =>
      container.state.kind !== 'creating' &&
      !isStandalone(store, container.record.podId) &&
      (pod === undefined || container.record.podId === pod.record.id) &&
      (state === undefined || encodeContainerState(container) === state) &&
      matches(container.record.config.labels, selector),
  );
}

/** Those whose usage is told: one that ended uses nothing. */
export function runningContainers(store: Store, filter: ContainerStatsFilter | undefined): readonly Container[] {
  const all = { id: '', podSandboxId: '', labelSelector: {} };
  return filterContainers(store, { ...all, ...filter, state: { state: ContainerState.CONTAINER_RUNNING } });
}

/** Sandboxes whose usage is told. */
export function readyPods(store: Store, filter: PodSandboxStatsFilter | undefined): readonly Pod[] {
  const ready = { state: PodSandboxState.SANDBOX_READY };
  return filterPods(store, { id: '', labelSelector: {}, ...filter, state: ready });
}

const listOf = <T>(value: T | undefined): readonly T[] => (value === undefined ? [] : [value]);

function checkedState<T extends number>(state: T | undefined, known: Readonly<Record<string, number>>, field: string) {
  if (state !== undefined && (state < 0 || !Object.values(known).includes(state)))
    throw fail('invalid_argument', `${field} is ${state}, which is no state`);
  return state;
}

/** Own keys only: a label selector `constructor` must not match every object. */
function matches(labels: Readonly<Record<string, string>>, selector: readonly (readonly [string, string])[]): boolean {
  return selector.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);
}
