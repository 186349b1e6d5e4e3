import type { RemovePodSandboxRequest, RemovePodSandboxResponse } from '../../../api/cri/v1/api.ts';
import { removePod } from '../../sandbox/pod/remove.ts';
import type { RemovePodParts } from '../../sandbox/pod/remove.ts';
import { removeUnreadable } from '../../sandbox/unreadable.ts';
import type { UnreadableParts } from '../../sandbox/unreadable.ts';
import { findPod } from '../../sandbox/store/resolve.ts';
import type { Unary } from '../grpc/handlers.ts';

/** One that does not exist is removed. */
export function removePodSandbox(
  parts: RemovePodParts & UnreadableParts,
): Unary<RemovePodSandboxRequest, RemovePodSandboxResponse> {
  return async ({ podSandboxId }, { signal }) => {
    const pod = findPod(parts.store, podSandboxId);
    if (pod !== undefined) await removePod(parts, pod, signal);
    else await removeUnreadable(parts, podSandboxId, signal);
    return {};
  };
}
