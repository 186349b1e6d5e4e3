import type { ListContainersRequest, ListContainersResponse } from '../../../api/cri/v1/api.ts';
import type { Store } from '../../sandbox/store/store.ts';
import type { Unary } from '../grpc/handlers.ts';
import { listedContainers } from './encode/lists.ts';

/** From memory: behind no creation, pull or disk. */
export function listContainers(store: Store): Unary<ListContainersRequest, ListContainersResponse> {
  return async ({ filter }) => ({ containers: listedContainers(store, filter) });
}
