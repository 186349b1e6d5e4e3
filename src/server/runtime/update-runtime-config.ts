import type { UpdateRuntimeConfigRequest, UpdateRuntimeConfigResponse } from '../../../api/cri/v1/api.ts';
import type { PodNetwork } from '../../sandbox/network/network.ts';
import type { Unary } from '../grpc/handlers.ts';

/** The kubelet sends its pod CIDR only when it changes, so it is kept across restarts. */
export function updateRuntimeConfig(
  network: PodNetwork,
): Unary<UpdateRuntimeConfigRequest, UpdateRuntimeConfigResponse> {
  return async ({ runtimeConfig }) => {
    await network.setPodCidr(runtimeConfig?.networkConfig?.podCidr ?? '');
    return {};
  };
}
