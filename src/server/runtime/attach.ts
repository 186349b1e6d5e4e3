import { unimplemented } from '../grpc/unimplemented.ts';

export const attach = unimplemented('Attach');
