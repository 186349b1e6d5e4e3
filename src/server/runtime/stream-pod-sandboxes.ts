import type { StreamPodSandboxesRequest, StreamPodSandboxesResponse } from '../../../api/cri/v1/api.ts';
import type { Store } from '../../sandbox/store/store.ts';
import type { ServerStream } from '../grpc/handlers.ts';
import { inChunks } from './encode/chunks.ts';
import { listedPods } from './encode/lists.ts';

/** ListPodSandbox for nodes whose list would not fit into one message (KEP-5825). */
export function streamPodSandboxes(store: Store): ServerStream<StreamPodSandboxesRequest, StreamPodSandboxesResponse> {
  return async function* ({ filter }) {
    for (const podSandboxes of inChunks(listedPods(store, filter))) yield { podSandboxes };
  };
}
