import type { StreamPodSandboxStatsRequest, StreamPodSandboxStatsResponse } from '../../../api/cri/v1/api.ts';
import { Encoded } from '../grpc/handlers.ts';
import type { ServerStream } from '../grpc/handlers.ts';
import { inChunks } from './encode/chunks.ts';
import { readyPods } from './parse/filters.ts';
import type { StatsHandlerParts } from './stats-parts.ts';

/** ListPodSandboxStats in parts (KEP-5825). */
export function streamPodSandboxStats({
  store,
  sampler,
}: StatsHandlerParts): ServerStream<StreamPodSandboxStatsRequest, StreamPodSandboxStatsResponse> {
  return async function* ({ filter }, { signal }) {
    for (const pods of inChunks(readyPods(store, filter))) yield new Encoded(await sampler.podStats(pods, signal));
  };
}
