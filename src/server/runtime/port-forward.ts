import { unimplemented } from '../grpc/unimplemented.ts';

export const portForward = unimplemented('PortForward');
