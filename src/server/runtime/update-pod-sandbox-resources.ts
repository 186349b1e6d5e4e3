import type { UpdatePodSandboxResourcesRequest, UpdatePodSandboxResourcesResponse } from '../../../api/cri/v1/api.ts';
import type { Parts } from '../../sandbox/parts.ts';
import { updatePodResources } from '../../sandbox/pod/resources.ts';
import { requirePod } from '../../sandbox/store/resolve.ts';
import type { Unary } from '../grpc/handlers.ts';
import { parsePodResources } from './parse/resources.ts';

export function updatePodSandboxResources(
  parts: Pick<Parts, 'cgroups' | 'lifetime' | 'locks' | 'log' | 'store'>,
): Unary<UpdatePodSandboxResourcesRequest, UpdatePodSandboxResourcesResponse> {
  return async ({ podSandboxId, ...wanted }, { signal }) => {
    await updatePodResources(parts, requirePod(parts.store, podSandboxId), parsePodResources(wanted), signal);
    return {};
  };
}
