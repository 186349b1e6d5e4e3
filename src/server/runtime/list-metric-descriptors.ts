import { unimplemented } from '../grpc/unimplemented.ts';

export const listMetricDescriptors = unimplemented('ListMetricDescriptors');
