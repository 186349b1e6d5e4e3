import { unimplementedStream } from '../grpc/unimplemented.ts';

export const streamPodSandboxMetrics = unimplementedStream('StreamPodSandboxMetrics');
