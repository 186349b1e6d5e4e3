import { unimplemented } from '../grpc/unimplemented.ts';

export const listPodSandboxMetrics = unimplemented('ListPodSandboxMetrics');
