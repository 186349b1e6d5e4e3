import type { Container, Pod } from '../store/store.ts';

/** cAdvisor's labels of a container, and of a sandbox. All of them come from what the API server let pass. */
export interface SubjectLabels {
  readonly container: string;
  /** Its cgroup. */
  readonly id: string;
  readonly image: string;
  readonly name: string;
  readonly namespace: string;
  readonly pod: string;
}

/** In the order of the label keys that are told over CRI. */
export const labelKeys = ['container', 'id', 'image', 'name', 'namespace', 'pod'] as const;

/** `pod`: undefined where its record cannot be read. */
export function labelsOfContainer({ record }: Container, pod: Pod | undefined): SubjectLabels {
  const { name = '', namespace = '' } = pod?.record.config ?? {};
  const { image, userSpecifiedImage } = record.config;
  return {
    container: record.config.name,
    id: record.cgroup,
    // The kubelet asks by id and tells the name beside it.
    image: userSpecifiedImage || image,
    name: record.id,
    namespace,
    pod: name,
  };
}

/** As every exporter has written the network of a sandbox since there were pause containers. */
export function labelsOfPod({ record }: Pod): SubjectLabels {
  const { name, namespace } = record.config;
  return { container: 'POD', id: record.cgroup, image: '', name: record.id, namespace, pod: name };
}

export function labelPairs(labels: SubjectLabels): readonly (readonly [string, string])[] {
  return labelKeys.map((key) => [key, labels[key]]);
}

/** Without what changes when a container is restarted: the count goes on. */
export type OomLabels = Pick<SubjectLabels, 'container' | 'namespace' | 'pod'>;

export function oomLabelPairs({ container, namespace, pod }: OomLabels): readonly (readonly [string, string])[] {
  return [
    ['container', container],
    ['namespace', namespace],
    ['pod', pod],
  ];
}
