import type { StartContainerRequest, StartContainerResponse } from '../../../api/cri/v1/api.ts';
import { startContainer as start } from '../../sandbox/container/start.ts';
import type { StartParts } from '../../sandbox/container/start.ts';
import { requireContainer } from '../../sandbox/store/resolve.ts';
import type { Unary } from '../grpc/handlers.ts';

export function startContainer(parts: StartParts): Unary<StartContainerRequest, StartContainerResponse> {
  return async ({ containerId }, { signal }) => {
    await start(parts, requireContainer(parts.store, containerId), signal);
    return {};
  };
}
