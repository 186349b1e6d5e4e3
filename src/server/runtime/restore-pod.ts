import { unimplemented } from '../grpc/unimplemented.ts';

export const restorePod = unimplemented('RestorePod');
