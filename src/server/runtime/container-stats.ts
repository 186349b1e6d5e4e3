import type { ContainerStatsRequest, ContainerStatsResponse } from '../../../api/cri/v1/api.ts';
import type { Sampler } from '../../sandbox/stats.ts';
import type { Store } from '../../sandbox/store/store.ts';
import { requireContainer } from '../../sandbox/store/resolve.ts';
import type { Unary } from '../grpc/handlers.ts';
import { encodeStats } from './encode/stats.ts';

export function containerStats(parts: {
  readonly store: Store;
  readonly sampler: Sampler;
}): Unary<ContainerStatsRequest, ContainerStatsResponse> {
  return async ({ containerId }, { signal }) => {
    const container = requireContainer(parts.store, containerId);
    const [sample] = await parts.sampler.sample([container], signal);
    return { stats: sample === undefined ? undefined : encodeStats(sample) };
  };
}
