import { unimplementedStream } from '../grpc/unimplemented.ts';

export const getContainerEvents = unimplementedStream('GetContainerEvents');
