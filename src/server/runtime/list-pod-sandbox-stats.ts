import type { ListPodSandboxStatsRequest, ListPodSandboxStatsResponse } from '../../../api/cri/v1/api.ts';
import { Encoded } from '../grpc/handlers.ts';
import type { Unary } from '../grpc/handlers.ts';
import { readyPods } from './parse/filters.ts';
import type { StatsHandlerParts } from './stats-parts.ts';

export function listPodSandboxStats({
  store,
  sampler,
}: StatsHandlerParts): Unary<ListPodSandboxStatsRequest, ListPodSandboxStatsResponse> {
  return async ({ filter }, { signal }) => new Encoded(await sampler.podStats(readyPods(store, filter), signal));
}
