import type { Container, Pod, Store } from '../store/store.ts';
import { labelsOfContainer, labelsOfPod } from './labels.ts';
import type { LayerSize, LayerSizes } from './layer-sizes.ts';
import { startedAt } from './sample.ts';
import { containerTarget, podTarget } from './targets.ts';
import type { News, ToldContainer, ToldPod } from './told.ts';
import { containerAttributes, podAttributes } from './wire/attributes.ts';

interface Sources {
  readonly store: Pick<Store, 'pods' | 'containers'>;
  readonly layers: Pick<LayerSizes, 'of'>;
}

/** What the Worker knows of the store: labels and the like go over once, not with every question. */
export class Telling {
  readonly #sources: Sources;
  readonly #containers = new Map<string, { readonly state: Container['state']; layer: LayerSize | undefined }>();
  readonly #pods = new Map<string, Pod['state']>();
  #gone: readonly string[] = [];

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** What has to be told before these can be asked for, and what is gone; it counts as told from now on. */
  news(containers: readonly Container[], pods: readonly Pod[]): News {
    const gone = [...this.#gone, ...this.#takeGone()];
    this.#gone = [];
    const layers: { id: string; layer: LayerSize | undefined }[] = [];
    const fresh: ToldContainer[] = [];
    for (const container of containers) {
      const { id } = container.record;
      const known = this.#containers.get(id);
      const layer = this.#sources.layers.of(id);
      if (known?.state === container.state) {
        if (known.layer !== layer) layers.push({ id, layer });
        known.layer = layer;
        continue;
      }
      this.#containers.set(id, { state: container.state, layer });
      fresh.push(this.#told(container, layer));
    }
    return { containers: fresh, pods: pods.flatMap((pod) => this.#toldPod(pod)), layers, gone };
  }

  /** The Worker is a new one, or did not get some of it. */
  again(lost?: News): void {
    this.#gone = [...this.#gone, ...(lost?.gone ?? [])];
    this.#containers.clear();
    this.#pods.clear();
  }

  #told(container: Container, layer: LayerSize | undefined): ToldContainer {
    const { record } = container;
    const pod = this.#sources.store.pods.get(record.podId);
    const times = { startedAt: startedAt(container), createdAt: Number(record.createdAt) / 1e9 };
    const attributes = containerAttributes(record);
    return { ...containerTarget(container), ...times, labels: labelsOfContainer(container, pod), attributes, layer };
  }

  #toldPod(pod: Pod): readonly ToldPod[] {
    const { id } = pod.record;
    if (this.#pods.get(id) === pod.state) return [];
    this.#pods.set(id, pod.state);
    return [{ ...podTarget(pod), labels: labelsOfPod(pod), attributes: podAttributes(pod.record) }];
  }

  /** The Worker still holds descriptors of them. */
  #takeGone(): readonly string[] {
    const { store } = this.#sources;
    const containers = [...this.#containers.keys()].filter((id) => {
      const container = store.containers.get(id as never);
      return container === undefined || container.state.kind === 'exited';
    });
    const pods = [...this.#pods.keys()].filter((id) => !store.pods.has(id as never));
    for (const id of containers) this.#containers.delete(id);
    for (const id of pods) this.#pods.delete(id);
    return [...containers, ...pods];
  }
}
