import type { ListContainerStatsRequest, ListContainerStatsResponse } from '../../../api/cri/v1/api.ts';
import type { Unary } from '../grpc/handlers.ts';
import { encodeStats } from './encode/stats.ts';
import type { StatsHandlerParts } from './encode/stats.ts';
import { runningContainers } from './parse/filters.ts';

export function listContainerStats({
  store,
  sampler,
  root,
}: StatsHandlerParts): Unary<ListContainerStatsRequest, ListContainerStatsResponse> {
  return async ({ filter }, { signal }) => {
    const samples = await sampler.sample(runningContainers(store, filter), 'usage', signal);
    return { stats: samples.map((sample) => encodeStats(sample, root)) };
  };
}
