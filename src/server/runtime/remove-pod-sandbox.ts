import type { RemovePodSandboxRequest, RemovePodSandboxResponse } from '../../../api/cri/v1/api.ts';
import { removePod } from '../../sandbox/pod/remove.ts';
import type { RemovePodParts } from '../../sandbox/pod/remove.ts';
import { removeUnreadablePod } from '../../sandbox/unreadable/pod.ts';
import { findPod, findUnreadable } from '../../sandbox/store/resolve.ts';
import type { Unary } from '../grpc/handlers.ts';

/** One that does not exist is removed. */
export function removePodSandbox(parts: RemovePodParts): Unary<RemovePodSandboxRequest, RemovePodSandboxResponse> {
  return async ({ podSandboxId }, { signal }) => {
    const pod = findPod(parts.store, podSandboxId);
    const unreadable = findUnreadable(parts.store, 'pod', podSandboxId);
    if (pod !== undefined) await removePod(parts, pod, signal);
    else if (unreadable !== undefined) await removeUnreadablePod(parts, unreadable, signal);
    return {};
  };
}
