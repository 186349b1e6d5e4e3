import type { Container, ContainerFilter, PodSandbox, PodSandboxFilter } from '../../../../api/cri/v1/api.ts';
import type { Store } from '../../../sandbox/store/store.ts';
import { filterContainers, filterPods } from '../parse/filters.ts';
import { encodeContainer, encodeUnreadableContainer } from './container.ts';
import { encodePod, encodeUnreadablePod } from './pod.ts';

/** What is listed: every object, those too whose record cannot be read, unless a filter narrows the list. */
export function listedPods(store: Store, filter: PodSandboxFilter | undefined): readonly PodSandbox[] {
  const pods = filterPods(store, filter).map(encodePod);
  if (narrows(filter)) return pods;
  return [...pods, ...unreadable(store, 'pod').map(encodeUnreadablePod)];
}

export function listedContainers(store: Store, filter: ContainerFilter | undefined): readonly Container[] {
  const containers = filterContainers(store, filter).map(encodeContainer);
  if (narrows(filter) || (filter?.podSandboxId ?? '') !== '') return containers;
  return [...containers, ...unreadable(store, 'container').map(encodeUnreadableContainer)];
}

function narrows(filter: PodSandboxFilter | ContainerFilter | undefined): boolean {
  if (filter === undefined) return false;
  return filter.id !== '' || filter.state !== undefined || Object.keys(filter.labelSelector).length > 0;
}

const unreadable = (store: Store, kind: 'pod' | 'container') =>
  [...store.unreadable.values()].filter((object) => object.kind === kind);
