import { unimplemented } from '../grpc/unimplemented.ts';

export const updatePodSandboxResources = unimplemented('UpdatePodSandboxResources');
