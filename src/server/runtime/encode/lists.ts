import type { Container, ContainerFilter, PodSandbox, PodSandboxFilter } from '../../../../api/cri/v1/api.ts';
import type { Store } from '../../../sandbox/store/store.ts';
import { isStandalone } from '../../../sandbox/standalone/standalone.ts';
import { filterContainers, filterPods } from '../parse/filters.ts';
import { encodeContainer } from './container.ts';
import { encodePod } from './pod.ts';
import { encodeUnreadableContainer, encodeUnreadablePod, unreadableContainers, unreadablePods } from './unreadable.ts';

/** What is listed: every object, those too whose record cannot be read; they are NOTREADY and UNKNOWN. */
export function listedPods(store: Store, filter: PodSandboxFilter | undefined): readonly PodSandbox[] {
  const pods = filterPods(store, filter).map(encodePod);
  const unreadable = unreadablePods(store)
    .filter(({ hints }) => !hints.standalone)
    .map(encodeUnreadablePod);
  return [...pods, ...unreadable.filter((pod) => passes(pod, filter))];
}

export function listedContainers(store: Store, filter: ContainerFilter | undefined): readonly Container[] {
  const containers = filterContainers(store, filter).map(encodeContainer);
  const podId = filter?.podSandboxId ?? '';
  const unreadable = unreadableContainers(store, '')
    .filter(({ hints }) => !isStandalone(store, hints.podId))
    .map(encodeUnreadableContainer);
  const inPod = unreadable.filter((container) => podId === '' || container.podSandboxId.startsWith(podId));
  return [...containers, ...inPod.filter((container) => passes(container, filter))];
}

function passes(
  object: { readonly id: string; readonly state: number; readonly labels: Readonly<Record<string, string>> },
  filter: PodSandboxFilter | ContainerFilter | undefined,
): boolean {
  if (filter === undefined) return true;
  const labels = Object.entries(filter.labelSelector);
  return (
    object.id.startsWith(filter.id) &&
    (filter.state === undefined || filter.state.state === object.state) &&
    labels.every(([key, value]) => Object.hasOwn(object.labels, key) && object.labels[key] === value)
  );
}
