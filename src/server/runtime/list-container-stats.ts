import type { ListContainerStatsRequest, ListContainerStatsResponse } from '../../../api/cri/v1/api.ts';
import { Encoded } from '../grpc/handlers.ts';
import type { Unary } from '../grpc/handlers.ts';
import { runningContainers } from './parse/filters.ts';
import type { StatsHandlerParts } from './stats-parts.ts';

export function listContainerStats({
  store,
  sampler,
}: StatsHandlerParts): Unary<ListContainerStatsRequest, ListContainerStatsResponse> {
  return async ({ filter }, { signal }) =>
    new Encoded(await sampler.containerStats(runningContainers(store, filter), signal));
}
