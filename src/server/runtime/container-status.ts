import type { ContainerStatusRequest, ContainerStatusResponse } from '../../../api/cri/v1/api.ts';
import type { Parts } from '../../sandbox/parts.ts';
import { findUnreadable, requireContainer } from '../../sandbox/store/resolve.ts';
import type { Unary } from '../grpc/handlers.ts';
import { encodeContainerStatus } from './encode/container.ts';
import { encodeUnreadableContainerStatus } from './encode/unreadable.ts';
import { containerInfo } from './encode/info.ts';

export function containerStatus(
  parts: Pick<Parts, 'host' | 'oomScore' | 'paths' | 'store'>,
): Unary<ContainerStatusRequest, ContainerStatusResponse> {
  return async ({ containerId, verbose }) => {
    const unreadable = findUnreadable(parts.store, 'container', containerId);
    if (unreadable !== undefined) return { status: encodeUnreadableContainerStatus(unreadable), info: {} };
    const container = requireContainer(parts.store, containerId);
    const info = verbose ? await containerInfo(parts, container) : {};
    return { status: encodeContainerStatus(container), info };
  };
}
