import type { ContainerStatus } from '../../../../api/cri/v1/api.ts';
import type { ContainerFacts, Store } from '../../../sandbox/store/store.ts';
import { encodeContainerStatus } from './container.ts';
import { encodeUnreadableContainerStatus, unreadableContainers } from './unreadable.ts';

/**
 * Of a pod's containers, and of those whose record cannot be read, the newest first. Of several of one name a kubelet
 * takes the first for the one that counts; what it lists it puts into that order by itself, but not what the status of a
 * sandbox has (KEP-3386): with an older one first it would start again what runs.
 */
export function encodeContainersOf(
  store: Store,
  podId: string,
  containers: readonly ContainerFacts[],
): readonly ContainerStatus[] {
  return [
    ...containers.map(encodeContainerStatus),
    ...unreadableContainers(store, podId).map(encodeUnreadableContainerStatus),
  ].sort((a, b) => Number(b.createdAt - a.createdAt));
}
