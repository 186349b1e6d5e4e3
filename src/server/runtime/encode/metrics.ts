import type { MetricDescriptor } from '../../../../api/cri/v1/api.ts';
import { labelKeys } from '../../../sandbox/stats/labels.ts';
import { criFamilies } from '../../../sandbox/stats/series/families.ts';
import { networkFamilies } from '../../../sandbox/stats/series/network.ts';

/**
 * What PodSandboxMetrics tells (KEP-2371). The kubelet makes series of it and drops one whose label values are not as
 * many as the keys here.
 */
export const metricDescriptors: readonly MetricDescriptor[] = [...criFamilies, ...networkFamilies].map(
  ({ name, help, labels }) => ({ name, help, labelKeys: [...labelKeys, ...(labels ?? [])] }),
);
