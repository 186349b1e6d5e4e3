import type { ListPodSandboxMetricsRequest, ListPodSandboxMetricsResponse } from '../../../api/cri/v1/api.ts';
import type { Unary } from '../grpc/handlers.ts';
import { encodePodMetrics } from './encode/metrics.ts';
import type { StatsHandlerParts } from './encode/stats.ts';
import { readyPods } from './parse/filters.ts';

export function listPodSandboxMetrics({
  store,
  sampler,
}: StatsHandlerParts): Unary<ListPodSandboxMetricsRequest, ListPodSandboxMetricsResponse> {
  return async (_request, { signal }) => {
    const samples = await sampler.samplePods(readyPods(store, undefined), 'all', signal);
    return { podMetrics: samples.map(encodePodMetrics) };
  };
}
