import { unimplementedStream } from '../grpc/unimplemented.ts';

export const streamPodSandboxStats = unimplementedStream('StreamPodSandboxStats');
