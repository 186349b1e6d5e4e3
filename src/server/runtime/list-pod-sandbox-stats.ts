import { unimplemented } from '../grpc/unimplemented.ts';

export const listPodSandboxStats = unimplemented('ListPodSandboxStats');
