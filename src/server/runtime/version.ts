import type { VersionRequest, VersionResponse } from '../../../api/cri/v1/api.ts';
import type { Unary } from '../grpc/handlers.ts';

/** `version` is the version of the kubelet's runtime API that it checks, and has been 0.1.0 since it was made. */
export function version(cricketVersion: string): Unary<VersionRequest, VersionResponse> {
  return async () => ({
    version: '0.1.0',
    runtimeName: 'cricket',
    runtimeVersion: cricketVersion,
    runtimeApiVersion: 'v1',
  });
}
