import type { StreamContainersRequest, StreamContainersResponse } from '../../../api/cri/v1/api.ts';
import type { Store } from '../../sandbox/store/store.ts';
import type { ServerStream } from '../grpc/handlers.ts';
import { inChunks } from './encode/chunks.ts';
import { listedContainers } from './encode/lists.ts';

/** ListContainers for nodes whose list would not fit into one message (KEP-5825). */
export function streamContainers(store: Store): ServerStream<StreamContainersRequest, StreamContainersResponse> {
  return async function* ({ filter }) {
    for (const containers of inChunks(listedContainers(store, filter))) yield { containers };
  };
}
