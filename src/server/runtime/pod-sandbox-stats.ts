import type { PodSandboxStatsRequest, PodSandboxStatsResponse } from '../../../api/cri/v1/api.ts';
import { requirePod } from '../../sandbox/store/resolve.ts';
import { Encoded } from '../grpc/handlers.ts';
import type { Unary } from '../grpc/handlers.ts';
import { encodeNoPodStats } from './encode/no-pod-stats.ts';
import type { StatsHandlerParts } from './stats-parts.ts';

export function podSandboxStats({
  store,
  sampler,
}: StatsHandlerParts): Unary<PodSandboxStatsRequest, PodSandboxStatsResponse> {
  return async ({ podSandboxId }, { signal }) => {
    const pod = requirePod(store, podSandboxId);
    const bytes = await sampler.podStats([pod], signal);
    return bytes.length > 0 ? new Encoded(bytes) : { stats: encodeNoPodStats(pod) };
  };
}
