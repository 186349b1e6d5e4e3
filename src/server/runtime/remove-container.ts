import type { RemoveContainerRequest, RemoveContainerResponse } from '../../../api/cri/v1/api.ts';
import { removeContainer as remove } from '../../sandbox/container/remove.ts';
import type { RemoveParts } from '../../sandbox/container/remove.ts';
import { findContainer, findUnreadable } from '../../sandbox/store/resolve.ts';
import { removeUnreadableContainer } from '../../sandbox/unreadable/container.ts';
import type { UnreadableParts } from '../../sandbox/unreadable/container.ts';
import type { Unary } from '../grpc/handlers.ts';

/** One that does not exist is removed. */
export function removeContainer(
  parts: RemoveParts & UnreadableParts,
): Unary<RemoveContainerRequest, RemoveContainerResponse> {
  return async ({ containerId }, { signal }) => {
    const container = findContainer(parts.store, containerId);
    const unreadable = findUnreadable(parts.store, 'container', containerId);
    if (container !== undefined) await remove(parts, container, signal);
    else if (unreadable !== undefined) await removeUnreadableContainer(parts, unreadable, signal);
    return {};
  };
}
