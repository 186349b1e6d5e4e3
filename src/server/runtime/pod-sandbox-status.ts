import type { ContainerStatus, PodSandboxStatusRequest, PodSandboxStatusResponse } from '../../../api/cri/v1/api.ts';
import { nowNanos } from '../../base/clock.ts';
import type { PodId } from '../../base/ids.ts';
import type { Store } from '../../sandbox/store/store.ts';
import type { PodNetwork } from '../../sandbox/network/network.ts';
import { findUnreadable, requirePod } from '../../sandbox/store/resolve.ts';
import type { Unary } from '../grpc/handlers.ts';
import { podInfo } from './encode/info.ts';
import { encodeContainersOf } from './encode/pod-containers.ts';
import { encodePodStatus } from './encode/pod.ts';
import { encodeUnreadablePodStatus } from './encode/unreadable.ts';

/** Status, its containers' statuses and the timestamp are of one instant: nothing is awaited between them. */
export function podSandboxStatus({
  store,
  network,
}: {
  readonly store: Store;
  readonly network: PodNetwork;
}): Unary<PodSandboxStatusRequest, PodSandboxStatusResponse> {
  return async ({ podSandboxId, verbose }) => {
    const unreadable = findUnreadable(store, 'pod', podSandboxId);
    if (unreadable !== undefined) {
      const status = encodeUnreadablePodStatus(unreadable);
      return { status, info: {}, containersStatuses: statusesOf(store, unreadable.id), timestamp: nowNanos() };
    }
    const pod = requirePod(store, podSandboxId);
    return {
      status: encodePodStatus(pod),
      info: verbose ? podInfo(pod, network.describe(pod.record.id)) : {},
      containersStatuses: statusesOf(store, pod.record.id),
      timestamp: nowNanos(),
    };
  };
}

function statusesOf(store: Store, podId: string): readonly ContainerStatus[] {
  const known = store.containersOf(podId as PodId).filter((container) => container.state.kind !== 'creating');
  return encodeContainersOf(store, podId, known);
}
