import { ContainerState } from '../../../api/cri/v1/api.ts';
import type { ListContainerStatsRequest, ListContainerStatsResponse } from '../../../api/cri/v1/api.ts';
import type { Sampler } from '../../sandbox/stats.ts';
import type { Store } from '../../sandbox/store/store.ts';
import type { Unary } from '../grpc/handlers.ts';
import { encodeStats } from './encode/stats.ts';
import { filterContainers } from './parse/filters.ts';

/** Of the containers that run: one that ended uses nothing. */
export function listContainerStats(parts: {
  readonly store: Store;
  readonly sampler: Sampler;
}): Unary<ListContainerStatsRequest, ListContainerStatsResponse> {
  return async ({ filter }, { signal }) => {
    const running = { state: ContainerState.CONTAINER_RUNNING };
    const wanted = { id: '', podSandboxId: '', labelSelector: {}, ...filter, state: running };
    const samples = await parts.sampler.sample(filterContainers(parts.store, wanted), signal);
    return { stats: samples.map(encodeStats) };
  };
}
