import type { StreamPodSandboxMetricsRequest, StreamPodSandboxMetricsResponse } from '../../../api/cri/v1/api.ts';
import { Encoded } from '../grpc/handlers.ts';
import type { ServerStream } from '../grpc/handlers.ts';
import { inChunks } from './encode/chunks.ts';
import { readyPods } from './parse/filters.ts';
import type { StatsHandlerParts } from './stats-parts.ts';

/** ListPodSandboxMetrics in parts (KEP-5825). */
export function streamPodSandboxMetrics({
  store,
  sampler,
}: StatsHandlerParts): ServerStream<StreamPodSandboxMetricsRequest, StreamPodSandboxMetricsResponse> {
  return async function* (_request, { signal }) {
    for (const pods of inChunks(readyPods(store, undefined))) yield new Encoded(await sampler.podMetrics(pods, signal));
  };
}
