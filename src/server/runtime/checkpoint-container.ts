import { unimplemented } from '../grpc/unimplemented.ts';

export const checkpointContainer = unimplemented('CheckpointContainer');
