import type { ReopenContainerLogRequest, ReopenContainerLogResponse } from '../../../api/cri/v1/api.ts';
import { reopenLog } from '../../sandbox/container/reopen-log.ts';
import type { Parts } from '../../sandbox/parts.ts';
import { requireContainer } from '../../sandbox/store/resolve.ts';
import type { Unary } from '../grpc/handlers.ts';

export function reopenContainerLog(
  parts: Pick<Parts, 'paths' | 'store'>,
): Unary<ReopenContainerLogRequest, ReopenContainerLogResponse> {
  return async ({ containerId }, { signal }) => {
    await reopenLog(parts, requireContainer(parts.store, containerId), signal);
    return {};
  };
}
