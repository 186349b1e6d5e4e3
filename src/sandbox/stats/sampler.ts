import { waitFor } from '../../base/abort.ts';
import type { SeriesForm } from '../../../metrics/scrape.ts';
import type { DiskPool } from '../../linux/disk.ts';
import { siblingModule } from '../../linux/worker/module.ts';
import { WorkerPool } from '../../linux/worker/pool.ts';
import type { OomTallies } from '../events/oom-counts.ts';
import type { Parts } from '../parts.ts';
import type { Container, Pod } from '../store/store.ts';
import { LayerSizes } from './layer-sizes.ts';
import type { ContainerLook, Detail } from './look.ts';
import { renderRequest } from './render-request.ts';
import type { ContainerSample, PodSample } from './sample.ts';
import type { StatsTasks } from './stats-worker.ts';
import { containerTarget, podTarget, runningIn } from './targets.ts';

/** What cgroups, network namespaces and layers say, for whoever asks: CRI's statistics and metrics, /metrics, top. */
export interface Sampler extends AsyncDisposable {
  /** Samples of those that still have a cgroup, in order. */
  sample(containers: readonly Container[], detail: Detail, signal: AbortSignal): Promise<readonly ContainerSample[]>;
  /** Samples of sandboxes that still have a cgroup, in order, with those of their running containers. */
  samplePods(pods: readonly Pod[], detail: Detail, signal: AbortSignal): Promise<readonly PodSample[]>;
  /** The series of all containers as text behind `head`. */
  series(head: string, as: SeriesForm, signal: AbortSignal): Promise<Uint8Array>;
  /** Calls that wait for the Worker. */
  readonly waiting: number;
}

export type SamplerParts = Pick<Parts, 'lifetime' | 'paths' | 'store'> & {
  /** A pool of its own, for walks through writable layers. */
  readonly disk: DiskPool;
  readonly root: string;
  readonly oomTallies: OomTallies;
  readonly onStuck: (task: string) => void;
};

/** Milliseconds for a look at everything; it takes some. */
const lookTimeoutMs = 10_000;

export function createSampler(parts: SamplerParts): Sampler {
  return new WorkerSampler(parts);
}

class WorkerSampler implements Sampler {
  readonly #parts: SamplerParts;
  readonly #layers: LayerSizes;
  readonly #worker: WorkerPool<StatsTasks>;
  readonly #known = new Set<string>();

  constructor(parts: SamplerParts) {
    this.#parts = parts;
    this.#layers = new LayerSizes(parts);
    const module = siblingModule(import.meta.url, './stats-worker');
    const { onStuck } = parts;
    this.#worker = new WorkerPool({ name: 'stats', module, size: 1, idleMs: Infinity, holdsFiles: true, onStuck });
  }

  get waiting(): number {
    return this.#worker.waiting;
  }

  async sample(containers: readonly Container[], detail: Detail, signal: AbortSignal) {
    if (containers.length === 0) return [];
    const layers = this.#layers.refreshed(containers, signal);
    const looks = await this.#look({ containers, pods: [] }, detail, signal);
    await layers;
    return this.#samplesOf(containers, looks.containers);
  }

  async samplePods(pods: readonly Pod[], detail: Detail, signal: AbortSignal) {
    if (pods.length === 0) return [];
    const ids = new Set(pods.map(({ record }) => record.id));
    const containers = runningIn(this.#parts.store).filter(({ record }) => ids.has(record.podId));
    const layers = this.#layers.refreshed(containers, signal);
    const looks = await this.#look({ containers, pods }, detail, signal);
    await layers;
    const byPod = Map.groupBy(this.#samplesOf(containers, looks.containers), ({ container }) => container.record.podId);
    return pods.flatMap((pod, i): PodSample[] => {
      const look = looks.pods[i];
      return look === undefined ? [] : [{ ...look, pod, containers: byPod.get(pod.record.id) ?? [] }];
    });
  }

  async series(head: string, as: SeriesForm, signal: AbortSignal): Promise<Uint8Array> {
    const { store } = this.#parts;
    const running = runningIn(store);
    this.#layers.refresh(running);
    const request = renderRequest({ store, layers: this.#layers, oomTallies: this.#parts.oomTallies }, running);
    const gone = this.#gone([...request.containers, ...request.pods]);
    return this.#ask('render', { ...request, head, ...as, gone }, signal);
  }

  async #look(
    { containers, pods }: { readonly containers: readonly Container[]; readonly pods: readonly Pod[] },
    detail: Detail,
    signal: AbortSignal,
  ) {
    const targets = { containers: containers.map(containerTarget), pods: pods.map(podTarget) };
    const gone = this.#gone([...targets.containers, ...targets.pods]);
    return this.#ask('look', { ...targets, detail, gone }, signal);
  }

  #samplesOf(
    containers: readonly Container[],
    looks: readonly (ContainerLook | undefined)[],
  ): readonly ContainerSample[] {
    return containers.flatMap((container, i) => {
      const look = looks[i];
      if (look === undefined) return [];
      const layer = this.#layers.of(container.record.id);
      return [
        { ...look, container, layer, fileSystem: this.#layers.fileSystem, oomEvents: this.#oomEvents(container) },
      ];
    });
  }

  #oomEvents({ record }: Container): number {
    const { oomTallies, store } = this.#parts;
    const pod = store.pods.get(record.podId);
    return pod === undefined
      ? 0
      : oomTallies.of(pod.record.config.namespace, pod.record.config.name, record.config.name);
  }

  /** The caller's signal ends the wait only: a Worker whose call is given up would have to be replaced. */
  async #ask<T extends keyof StatsTasks>(task: T, request: Parameters<StatsTasks[T]>[0], signal: AbortSignal) {
    const limit = AbortSignal.any([this.#parts.lifetime, AbortSignal.timeout(lookTimeoutMs)]);
    return waitFor(this.#worker.call(task, request, limit), signal);
  }

  /** What the Worker still holds descriptors of although it is gone; from now on it knows these too. */
  #gone(targets: readonly { readonly id: string }[]): readonly string[] {
    const { store } = this.#parts;
    const there = (id: string) => isThere(store, id);
    const gone = [...this.#known].filter((id) => !there(id));
    for (const id of gone) {
      this.#known.delete(id);
      this.#layers.forget(id);
    }
    for (const { id } of targets) this.#known.add(id);
    return gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker[Symbol.asyncDispose]();
  }
}

function isThere(store: Parts['store'], id: string): boolean {
  const container = store.containers.get(id as never);
  return container === undefined ? store.pods.has(id as never) : container.state.kind !== 'exited';
}
