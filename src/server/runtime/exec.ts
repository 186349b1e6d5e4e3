import { unimplemented } from '../grpc/unimplemented.ts';

export const exec = unimplemented('Exec');
