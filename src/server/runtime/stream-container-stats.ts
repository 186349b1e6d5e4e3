import type { StreamContainerStatsRequest, StreamContainerStatsResponse } from '../../../api/cri/v1/api.ts';
import type { ServerStream } from '../grpc/handlers.ts';
import { inChunks } from './encode/chunks.ts';
import { encodeStats } from './encode/stats.ts';
import type { StatsHandlerParts } from './encode/stats.ts';
import { runningContainers } from './parse/filters.ts';

/**
 * ListContainerStats in parts (KEP-5825). A kubelet that streams its lists gives up streaming all of them once
 * one is not implemented.
 */
export function streamContainerStats({
  store,
  sampler,
  root,
}: StatsHandlerParts): ServerStream<StreamContainerStatsRequest, StreamContainerStatsResponse> {
  return async function* ({ filter }, { signal }) {
    for (const containers of inChunks(runningContainers(store, filter))) {
      const samples = await sampler.sample(containers, 'usage', signal);
      yield { containerStats: samples.map((sample) => encodeStats(sample, root)) };
    }
  };
}
