import type { PodSandboxStatsRequest, PodSandboxStatsResponse } from '../../../api/cri/v1/api.ts';
import { requirePod } from '../../sandbox/store/resolve.ts';
import type { Unary } from '../grpc/handlers.ts';
import { encodeNoPodStats, encodePodStats } from './encode/pod-stats.ts';
import type { StatsHandlerParts } from './encode/stats.ts';

export function podSandboxStats(parts: StatsHandlerParts): Unary<PodSandboxStatsRequest, PodSandboxStatsResponse> {
  return async ({ podSandboxId }, { signal }) => {
    const pod = requirePod(parts.store, podSandboxId);
    const [sample] = await parts.sampler.samplePods([pod], 'usage', signal);
    return { stats: sample === undefined ? encodeNoPodStats(pod) : encodePodStats(sample, parts.root) };
  };
}
