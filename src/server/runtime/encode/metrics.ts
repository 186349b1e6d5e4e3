import { MetricType } from '../../../../api/cri/v1/api.ts';
import type { Metric, MetricDescriptor, PodSandboxMetrics } from '../../../../api/cri/v1/api.ts';
import { rowsOf } from '../../../../metrics/family.ts';
import type { Family } from '../../../../metrics/family.ts';
import { labelKeys, labelsOfContainer, labelsOfPod } from '../../../sandbox/stats/labels.ts';
import type { SubjectLabels } from '../../../sandbox/stats/labels.ts';
import type { ContainerSample, PodSample } from '../../../sandbox/stats/sample.ts';
import { figuresOf } from '../../../sandbox/stats/sample.ts';
import { criFamilies } from '../../../sandbox/stats/series/families.ts';
import { networkFamilies } from '../../../sandbox/stats/series/network.ts';

/**
 * What PodSandboxMetrics tells (KEP-2371). The kubelet makes series of it and drops one whose label values are not as
 * many as the keys here.
 */
export const metricDescriptors: readonly MetricDescriptor[] = [...criFamilies, ...networkFamilies].map(
  ({ name, help, labels }) => ({ name, help, labelKeys: [...labelKeys, ...(labels ?? [])] }),
);

export function encodePodMetrics(sample: PodSample): PodSandboxMetrics {
  const { pod, interfaces = [], containers } = sample;
  return {
    podSandboxId: pod.record.id,
    metrics: networkFamilies.flatMap((family) => metricsOf(family, { interfaces }, labelsOfPod(pod))),
    containerMetrics: containers.map((container) => ({
      containerId: container.container.record.id,
      metrics: containerMetrics(container, sample),
    })),
  };
}

function containerMetrics(container: ContainerSample, { pod }: PodSample): Metric[] {
  const figures = figuresOf(container);
  const labels = labelsOfContainer(container.container, pod);
  return criFamilies.flatMap((family) => metricsOf(family, figures, labels));
}

function metricsOf<Subject>(family: Family<Subject>, subject: Subject, labels: SubjectLabels): Metric[] {
  const metricType = family.type === 'counter' ? MetricType.COUNTER : MetricType.GAUGE;
  const own = labelKeys.map((key) => labels[key]);
  return rowsOf(family, subject).map((row) => ({
    name: family.name,
    // 0: read for this call, not taken from a cache.
    timestamp: 0n,
    metricType,
    labelValues: [...own, ...row.labels],
    // The API has whole numbers only: of seconds too.
    value: { value: BigInt(Math.floor(row.value)) },
  }));
}
