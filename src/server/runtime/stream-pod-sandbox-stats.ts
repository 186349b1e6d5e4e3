import type { StreamPodSandboxStatsRequest, StreamPodSandboxStatsResponse } from '../../../api/cri/v1/api.ts';
import type { ServerStream } from '../grpc/handlers.ts';
import { inChunks } from './encode/chunks.ts';
import { encodePodStats } from './encode/pod-stats.ts';
import type { StatsHandlerParts } from './encode/stats.ts';
import { readyPods } from './parse/filters.ts';

/** ListPodSandboxStats in parts (KEP-5825). */
export function streamPodSandboxStats({
  store,
  sampler,
  root,
}: StatsHandlerParts): ServerStream<StreamPodSandboxStatsRequest, StreamPodSandboxStatsResponse> {
  return async function* ({ filter }, { signal }) {
    for (const pods of inChunks(readyPods(store, filter))) {
      const samples = await sampler.samplePods(pods, 'usage', signal);
      yield { podSandboxStats: samples.map((sample) => encodePodStats(sample, root)) };
    }
  };
}
