import type { StreamContainerStatsRequest, StreamContainerStatsResponse } from '../../../api/cri/v1/api.ts';
import type { Sampler } from '../../sandbox/stats.ts';
import type { Store } from '../../sandbox/store/store.ts';
import type { ServerStream } from '../grpc/handlers.ts';
import { inChunks } from './encode/chunks.ts';
import { encodeStats } from './encode/stats.ts';
import { runningContainers } from './parse/filters.ts';

/**
 * ListContainerStats in parts (KEP-5825). A kubelet that streams its lists gives up streaming all of them once
 * one is not implemented.
 */
export function streamContainerStats(parts: {
  readonly store: Store;
  readonly sampler: Sampler;
}): ServerStream<StreamContainerStatsRequest, StreamContainerStatsResponse> {
  return async function* ({ filter }, { signal }) {
    for (const containers of inChunks(runningContainers(parts.store, filter))) {
      const samples = await parts.sampler.sample(containers, signal);
      yield { containerStats: samples.map(encodeStats) };
    }
  };
}
