import type { StopContainerRequest, StopContainerResponse } from '../../../api/cri/v1/api.ts';
import { stopContainer as stop } from '../../sandbox/container/stop.ts';
import { findContainer, findUnreadable } from '../../sandbox/store/resolve.ts';
import { stopUnreadableContainer } from '../../sandbox/unreadable/container.ts';
import type { UnreadableParts } from '../../sandbox/unreadable/container.ts';
import type { Unary } from '../grpc/handlers.ts';
import { wholeNumber } from './parse/values.ts';

/** One that does not exist is stopped. */
export function stopContainer(parts: UnreadableParts): Unary<StopContainerRequest, StopContainerResponse> {
  return async ({ containerId, timeout }, { signal }) => {
    const seconds = wholeNumber(timeout, 'timeout', -(2n ** 63n));
    const container = findContainer(parts.store, containerId);
    const unreadable = findUnreadable(parts.store, 'container', containerId);
    if (container !== undefined) await stop(parts, container, seconds, signal);
    else if (unreadable !== undefined) await stopUnreadableContainer(parts, unreadable, seconds, signal);
    return {};
  };
}
