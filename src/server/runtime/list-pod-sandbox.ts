import type { ListPodSandboxRequest, ListPodSandboxResponse } from '../../../api/cri/v1/api.ts';
import type { Store } from '../../sandbox/store/store.ts';
import type { Unary } from '../grpc/handlers.ts';
import { listedPods } from './encode/lists.ts';

/** From memory: behind no creation, pull or disk. */
export function listPodSandbox(store: Store): Unary<ListPodSandboxRequest, ListPodSandboxResponse> {
  return async ({ filter }) => ({ items: listedPods(store, filter) });
}
