import { unimplemented } from '../grpc/unimplemented.ts';

export const checkpointPod = unimplemented('CheckpointPod');
