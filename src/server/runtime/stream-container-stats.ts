import type { StreamContainerStatsRequest, StreamContainerStatsResponse } from '../../../api/cri/v1/api.ts';
import { Encoded } from '../grpc/handlers.ts';
import type { ServerStream } from '../grpc/handlers.ts';
import { inChunks } from './encode/chunks.ts';
import { runningContainers } from './parse/filters.ts';
import type { StatsHandlerParts } from './stats-parts.ts';

/**
 * ListContainerStats in parts (KEP-5825). A kubelet that streams its lists gives up streaming all of them once
 * one is not implemented.
 */
export function streamContainerStats({
  store,
  sampler,
}: StatsHandlerParts): ServerStream<StreamContainerStatsRequest, StreamContainerStatsResponse> {
  return async function* ({ filter }, { signal }) {
    for (const containers of inChunks(runningContainers(store, filter)))
      yield new Encoded(await sampler.containerStats(containers, signal));
  };
}
