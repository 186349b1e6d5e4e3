import type { ContainerStatsRequest, ContainerStatsResponse } from '../../../api/cri/v1/api.ts';
import { requireContainer } from '../../sandbox/store/resolve.ts';
import type { Unary } from '../grpc/handlers.ts';
import { encodeStats } from './encode/stats.ts';
import type { StatsHandlerParts } from './encode/stats.ts';

export function containerStats(parts: StatsHandlerParts): Unary<ContainerStatsRequest, ContainerStatsResponse> {
  return async ({ containerId }, { signal }) => {
    const container = requireContainer(parts.store, containerId);
    const [sample] = await parts.sampler.sample([container], 'usage', signal);
    return { stats: sample === undefined ? undefined : encodeStats(sample, parts.root) };
  };
}
