import type { ContainerId } from '../../base/ids.ts';
import type { Container, Store } from '../store/store.ts';
import { labelsOfContainer, labelsOfPod } from './labels.ts';
import type { LayerSizes } from './layer-sizes.ts';
import { containerTarget, podTarget } from './targets.ts';
import type { RenderContainer, RenderRequest } from './render.ts';

type Subjects = Pick<RenderRequest, 'containers' | 'pods' | 'ooms' | 'fileSystem'>;

/** OOM kills of all containers that had the name of this one in its pod, over restarts of container and daemon. */
export type OomEvents = (container: ContainerId) => number;

/** What the stats Worker needs for the text of all series. */
export function renderRequest(store: Store, running: readonly Container[], layers: LayerSizes): Subjects {
  const pods = [...store.pods.values()].filter(({ state }) => state.kind === 'ready');
  return {
    containers: running.flatMap((container): RenderContainer[] => {
      const pod = store.pods.get(container.record.podId);
      if (pod === undefined) return [];
      const { record } = container;
      const times = { startedAt: startedAt(container), createdAt: Number(record.createdAt) / 1e9 };
      const labels = labelsOfContainer(container, pod);
      return [{ ...containerTarget(container), ...times, labels, layer: layers.of(record.id) }];
    }),
    pods: pods.map((pod) => ({ ...podTarget(pod), labels: labelsOfPod(pod) })),
    ooms: [],
    fileSystem: layers.fileSystem,
  };
}

/** Seconds since 1970. */
export function startedAt({ state }: Container): number | undefined {
  return state.kind === 'running' ? Number(state.startedAt) / 1e9 : undefined;
}
