import type { OomTallies } from '../events/oom-counts.ts';
import type { Container, Store } from '../store/store.ts';
import { labelsOfContainer, labelsOfPod } from './labels.ts';
import type { OomLabels } from './labels.ts';
import type { LayerSizes } from './layer-sizes.ts';
import type { RenderContainer, RenderRequest } from './render.ts';
import { startedAt } from './sample.ts';
import { containerTarget, podTarget } from './targets.ts';

interface Sources {
  readonly store: Store;
  readonly layers: LayerSizes;
  readonly oomTallies: OomTallies;
}

/** What the stats Worker needs for the text of all series. */
export function renderRequest(
  { store, layers, oomTallies }: Sources,
  running: readonly Container[],
): Pick<RenderRequest, 'containers' | 'pods' | 'ooms' | 'fileSystem'> {
  const pods = [...store.pods.values()].filter(({ state }) => state.kind === 'ready');
  return {
    containers: running.flatMap((container): RenderContainer[] => {
      const pod = store.pods.get(container.record.podId);
      if (pod === undefined) return [];
      const times = { startedAt: startedAt(container), createdAt: Number(container.record.createdAt) / 1e9 };
      const labels = labelsOfContainer(container, pod);
      return [{ ...containerTarget(container), ...times, labels, layer: layers.of(container.record.id) }];
    }),
    pods: pods.map((pod) => ({ ...podTarget(pod), labels: labelsOfPod(pod) })),
    ooms: oomSubjects(store, oomTallies),
    fileSystem: layers.fileSystem,
  };
}

/** Milliseconds for which a kill is told although its pod is gone: no scrape is that late. */
const toldAfterMs = 3_600_000;

/** Every container name there is, whether it was ever hit or not, and those of pods that went a short while ago. */
function oomSubjects(store: Store, tallies: OomTallies): RenderRequest['ooms'] {
  const found = new Map<string, OomLabels & { readonly events: number }>();
  const add = (labels: OomLabels, events: number) =>
    found.set(`${labels.namespace}/${labels.pod}/${labels.container}`, { ...labels, events });
  for (const { namespace, pod, container, kills, lastAt } of tallies.all())
    if (Date.now() - lastAt < toldAfterMs) add({ namespace, pod, container }, kills);
  for (const { record } of store.containers.values()) {
    const config = store.pods.get(record.podId)?.record.config;
    if (config === undefined) continue;
    const { namespace, name: pod } = config;
    const container = record.config.name;
    add({ namespace, pod, container }, tallies.of(namespace, pod, container));
  }
  return [...found.values()];
}
