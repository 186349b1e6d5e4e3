import type { ListPodSandboxMetricsRequest, ListPodSandboxMetricsResponse } from '../../../api/cri/v1/api.ts';
import { Encoded } from '../grpc/handlers.ts';
import type { Unary } from '../grpc/handlers.ts';
import { readyPods } from './parse/filters.ts';
import type { StatsHandlerParts } from './stats-parts.ts';

export function listPodSandboxMetrics({
  store,
  sampler,
}: StatsHandlerParts): Unary<ListPodSandboxMetricsRequest, ListPodSandboxMetricsResponse> {
  return async (_request, { signal }) => new Encoded(await sampler.podMetrics(readyPods(store, undefined), signal));
}
