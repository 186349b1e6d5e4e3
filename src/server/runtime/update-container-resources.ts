import type { UpdateContainerResourcesRequest, UpdateContainerResourcesResponse } from '../../../api/cri/v1/api.ts';
import { updateContainer } from '../../sandbox/container/update.ts';
import type { UpdateParts } from '../../sandbox/container/update.ts';
import type { Store } from '../../sandbox/store/store.ts';
import { requireContainer } from '../../sandbox/store/resolve.ts';
import type { Unary } from '../grpc/handlers.ts';
import { parseResources } from './parse/resources.ts';
import { refuse } from './parse/values.ts';

export function updateContainerResources(
  parts: UpdateParts & { readonly store: Store },
): Unary<UpdateContainerResourcesRequest, UpdateContainerResourcesResponse> {
  return async ({ containerId, linux, windows }, { signal }) => {
    refuse(windows !== undefined, 'windows');
    await updateContainer(parts, requireContainer(parts.store, containerId), parseResources(linux), signal);
    return {};
  };
}
