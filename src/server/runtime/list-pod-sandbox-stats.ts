import type { ListPodSandboxStatsRequest, ListPodSandboxStatsResponse } from '../../../api/cri/v1/api.ts';
import type { Unary } from '../grpc/handlers.ts';
import { encodePodStats } from './encode/pod-stats.ts';
import type { StatsHandlerParts } from './encode/stats.ts';
import { readyPods } from './parse/filters.ts';

export function listPodSandboxStats({
  store,
  sampler,
  root,
}: StatsHandlerParts): Unary<ListPodSandboxStatsRequest, ListPodSandboxStatsResponse> {
  return async ({ filter }, { signal }) => {
    const samples = await sampler.samplePods(readyPods(store, filter), 'usage', signal);
    return { stats: samples.map((sample) => encodePodStats(sample, root)) };
  };
}
