import { unimplementedStream } from '../grpc/unimplemented.ts';

export const streamContainerStats = unimplementedStream('StreamContainerStats');
