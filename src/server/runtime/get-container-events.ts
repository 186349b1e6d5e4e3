import { ContainerEventType } from '../../../api/cri/v1/api.ts';
import type { ContainerEventResponse, GetEventsRequest } from '../../../api/cri/v1/api.ts';
import type { Feed } from '../../sandbox/events/feed.ts';
import type { LifeEvent, LifeKind } from '../../sandbox/events/life.ts';
import type { ServerStream } from '../grpc/handlers.ts';
import { isStandalone, madeAlone } from '../../sandbox/standalone/standalone.ts';
import type { Store } from '../../sandbox/store/store.ts';
import { encodeContainersOf } from './encode/pod-containers.ts';
import { encodePodStatus } from './encode/pod.ts';
import { encodeUnreadablePodStatus } from './encode/unreadable.ts';

/** Events that may wait for one client: a node's worth of pods, each going through its whole life. */
const mostWaiting = 4096;

const types: Readonly<Record<LifeKind, ContainerEventType>> = {
  created: ContainerEventType.CONTAINER_CREATED_EVENT,
  started: ContainerEventType.CONTAINER_STARTED_EVENT,
  stopped: ContainerEventType.CONTAINER_STOPPED_EVENT,
  deleted: ContainerEventType.CONTAINER_DELETED_EVENT,
};

/**
 * Events from the call on, sandboxes' too (KEP-3386). Errors: `resource_exhausted` for a client that does not keep up:
 * the kubelet lists then, and calls again.
 */
export function getContainerEvents(
  lives: Feed<LifeEvent>,
  store: Store,
): ServerStream<GetEventsRequest, ContainerEventResponse> {
  return async function* (_request, { signal }) {
    using events = lives.subscribe(mostWaiting);
    for (;;) {
      const event = await events.next(signal);
      if (!ofStandalone(event, store)) yield encodeEvent(event, store);
    }
  };
}

/** A pod that is gone is told of with what it was. */
function ofStandalone({ pod, container }: LifeEvent, store: Store): boolean {
  return pod === undefined ? isStandalone(store, container?.record.podId ?? '') : madeAlone(pod);
}

/**
 * The kubelet drops an event without the sandbox's status, so a deletion has the last one that there was; and it takes
 * the statuses for all there are, so those that cannot be read are among them.
 */
function encodeEvent({ kind, at, container, pod, containers }: LifeEvent, store: Store): ContainerEventResponse {
  const podId = pod?.record.id ?? container?.record.podId ?? '';
  const unreadable = store.unreadable.get(podId);
  return {
    containerId: (container ?? pod)?.record.id ?? '',
    containerEventType: types[kind],
    createdAt: at,
    podSandboxStatus: pod === undefined ? unreadable && encodeUnreadablePodStatus(unreadable) : encodePodStatus(pod),
    containersStatuses: encodeContainersOf(store, podId, containers),
  };
}
