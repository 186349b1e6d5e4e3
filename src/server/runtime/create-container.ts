import type { CreateContainerRequest, CreateContainerResponse } from '../../../api/cri/v1/api.ts';
import { createContainer as create } from '../../sandbox/container/create.ts';
import type { CreateParts } from '../../sandbox/container/create.ts';
import { requirePod } from '../../sandbox/store/resolve.ts';
import type { Unary } from '../grpc/handlers.ts';
import { parseContainerConfig } from './parse/container-config.ts';

/** The sandbox's own record decides, not the copy of its configuration that the request carries. */
export function createContainer(parts: CreateParts): Unary<CreateContainerRequest, CreateContainerResponse> {
  return async ({ podSandboxId, config }, { signal }) => {
    const pod = requirePod(parts.store, podSandboxId);
    const containerId = await create(parts, pod, parseContainerConfig(config, pod.record.config), signal);
    return { containerId };
  };
}
