import type { StreamPodSandboxMetricsRequest, StreamPodSandboxMetricsResponse } from '../../../api/cri/v1/api.ts';
import type { ServerStream } from '../grpc/handlers.ts';
import { inChunks } from './encode/chunks.ts';
import { encodePodMetrics } from './encode/metrics.ts';
import type { StatsHandlerParts } from './encode/stats.ts';
import { readyPods } from './parse/filters.ts';

/** ListPodSandboxMetrics in parts (KEP-5825). */
export function streamPodSandboxMetrics({
  store,
  sampler,
}: StatsHandlerParts): ServerStream<StreamPodSandboxMetricsRequest, StreamPodSandboxMetricsResponse> {
  return async function* (_request, { signal }) {
    for (const pods of inChunks(readyPods(store, undefined))) {
      const samples = await sampler.samplePods(pods, 'all', signal);
      yield { podSandboxMetrics: samples.map(encodePodMetrics) };
    }
  };
}
