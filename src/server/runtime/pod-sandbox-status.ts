import type { PodSandboxStatusRequest, PodSandboxStatusResponse } from '../../../api/cri/v1/api.ts';
import { nowNanos } from '../../base/clock.ts';
import type { Store } from '../../sandbox/store/store.ts';
import { requirePod } from '../../sandbox/store/resolve.ts';
import type { Unary } from '../grpc/handlers.ts';
import { encodeContainerStatus } from './encode/container.ts';
import { podInfo } from './encode/info.ts';
import { encodePodStatus } from './encode/pod.ts';

/** Status, its containers' statuses and the timestamp are of one instant: nothing is awaited between them. */
export function podSandboxStatus(store: Store): Unary<PodSandboxStatusRequest, PodSandboxStatusResponse> {
  return async ({ podSandboxId, verbose }) => {
    const pod = requirePod(store, podSandboxId);
    return {
      status: encodePodStatus(pod),
      info: verbose ? podInfo(pod) : {},
      containersStatuses: store
        .containersOf(pod.record.id)
        .filter((container) => container.state.kind !== 'creating')
        .map(encodeContainerStatus),
      timestamp: nowNanos(),
    };
  };
}
