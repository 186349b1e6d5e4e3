import type { ContainerStatusRequest, ContainerStatusResponse } from '../../../api/cri/v1/api.ts';
import type { Parts } from '../../sandbox/parts.ts';
import { requireContainer } from '../../sandbox/store/resolve.ts';
import type { Unary } from '../grpc/handlers.ts';
import { encodeContainerStatus } from './encode/container.ts';
import { containerInfo } from './encode/info.ts';

export function containerStatus(
  parts: Pick<Parts, 'oomScore' | 'paths' | 'store'>,
): Unary<ContainerStatusRequest, ContainerStatusResponse> {
  return async ({ containerId, verbose }) => {
    const container = requireContainer(parts.store, containerId);
    const info = verbose ? await containerInfo(parts, container) : {};
    return { status: encodeContainerStatus(container), info };
  };
}
