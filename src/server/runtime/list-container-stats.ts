import type { ListContainerStatsRequest, ListContainerStatsResponse } from '../../../api/cri/v1/api.ts';
import type { Sampler } from '../../sandbox/stats.ts';
import type { Store } from '../../sandbox/store/store.ts';
import type { Unary } from '../grpc/handlers.ts';
import { encodeStats } from './encode/stats.ts';
import { runningContainers } from './parse/filters.ts';

export function listContainerStats(parts: {
  readonly store: Store;
  readonly sampler: Sampler;
}): Unary<ListContainerStatsRequest, ListContainerStatsResponse> {
  return async ({ filter }, { signal }) => {
    const samples = await parts.sampler.sample(runningContainers(parts.store, filter), signal);
    return { stats: samples.map(encodeStats) };
  };
}
