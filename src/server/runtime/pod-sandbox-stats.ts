import { unimplemented } from '../grpc/unimplemented.ts';

export const podSandboxStats = unimplemented('PodSandboxStats');
