import type { ListMetricDescriptorsRequest, ListMetricDescriptorsResponse } from '../../../api/cri/v1/api.ts';
import type { Unary } from '../grpc/handlers.ts';
import { metricDescriptors } from './encode/metrics.ts';

/** The same for the whole life of the daemon: the kubelet asks once, and drops what it was not told of. */
export const listMetricDescriptors: Unary<ListMetricDescriptorsRequest, ListMetricDescriptorsResponse> = () =>
  Promise.resolve({ descriptors: metricDescriptors });
