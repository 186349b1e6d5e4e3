import type { ContainerStatsRequest, ContainerStatsResponse } from '../../../api/cri/v1/api.ts';
import { requireContainer } from '../../sandbox/store/resolve.ts';
import { Encoded } from '../grpc/handlers.ts';
import type { Unary } from '../grpc/handlers.ts';
import type { StatsHandlerParts } from './stats-parts.ts';

export function containerStats({
  store,
  sampler,
}: StatsHandlerParts): Unary<ContainerStatsRequest, ContainerStatsResponse> {
  return async ({ containerId }, { signal }) =>
    new Encoded(await sampler.containerStats([requireContainer(store, containerId)], signal));
}
