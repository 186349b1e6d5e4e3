import type { StopPodSandboxRequest, StopPodSandboxResponse } from '../../../api/cri/v1/api.ts';
import { stopPod } from '../../sandbox/pod/stop.ts';
import type { StopPodParts } from '../../sandbox/pod/stop.ts';
import { findPod, findUnreadable } from '../../sandbox/store/resolve.ts';
import { stopUnreadablePod } from '../../sandbox/unreadable/pod.ts';
import type { Unary } from '../grpc/handlers.ts';

/** One that does not exist is stopped. */
export function stopPodSandbox(parts: StopPodParts): Unary<StopPodSandboxRequest, StopPodSandboxResponse> {
  return async ({ podSandboxId }, { signal }) => {
    const pod = findPod(parts.store, podSandboxId);
    const unreadable = findUnreadable(parts.store, 'pod', podSandboxId);
    if (pod !== undefined) await stopPod(parts, pod, signal);
    else if (unreadable !== undefined) await stopUnreadablePod(parts, unreadable, signal);
    return {};
  };
}
