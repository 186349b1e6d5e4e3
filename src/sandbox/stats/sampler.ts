import { waitFor } from '../../base/abort.ts';
import type { SeriesForm } from '../../../metrics/scrape.ts';
import type { DiskPool } from '../../linux/disk.ts';
import { siblingModule } from '../../linux/worker/module.ts';
import { WorkerPool } from '../../linux/worker/pool.ts';
import { fail } from '../../base/errors.ts';
import type { OomTallies } from '../events/oom-counts.ts';
import type { Parts } from '../parts.ts';
import type { Container, Pod } from '../store/store.ts';
import { LayerSizes } from './layer-sizes.ts';
import type { ContainerLook, Detail } from './look.ts';
import { namesAtRest, oomRows } from './oom-rows.ts';
import type { ContainerSample, PodSample } from './sample.ts';
import type { StatsTasks } from './stats-worker.ts';
import { runningIn } from './targets.ts';
import { Telling } from './telling.ts';
import type { AskedPod, News } from './told.ts';

/**
 * What cgroups, network namespaces and layers say, for whoever asks: CRI's statistics and metrics, /metrics, top. What is
 * told is a tenth of a second old at most, but for what its own time stands with (layers) or docs/metrics.md names.
 */
export interface Sampler extends AsyncDisposable {
  /** CRI's ListContainerStatsResponse of those that still have a cgroup, in order; the response for one is the same. */
  containerStats(containers: readonly Container[], signal: AbortSignal): Promise<Uint8Array>;
  /** CRI's ListPodSandboxStatsResponse of those that still have a cgroup, in order, with their running containers. */
  podStats(pods: readonly Pod[], signal: AbortSignal): Promise<Uint8Array>;
  /** CRI's ListPodSandboxMetricsResponse of those that still have a cgroup, in order. */
  podMetrics(pods: readonly Pod[], signal: AbortSignal): Promise<Uint8Array>;
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

/** Milliseconds for a look at everything, once the Worker has begun with it; it takes some. */
const lookTimeoutMs = 10_000;

export function createSampler(parts: SamplerParts): Sampler {
  return new WorkerSampler(parts);
}

interface Subjects {
  readonly containers: readonly Container[];
  readonly pods: readonly Pod[];
}

type Request<T extends keyof StatsTasks> = Omit<Parameters<StatsTasks[T]>[0], 'news'>;

const idOf = ({ record }: Container | Pod): string => record.id;

class WorkerSampler implements Sampler {
  readonly #parts: SamplerParts;
  readonly #layers: LayerSizes;
  readonly #telling: Telling;
  readonly #worker: WorkerPool<StatsTasks>;

  constructor(parts: SamplerParts) {
    this.#parts = parts;
    this.#layers = new LayerSizes(parts);
    this.#telling = new Telling({ store: parts.store, layers: this.#layers });
    const module = siblingModule(import.meta.url, './stats-worker');
    const { onStuck } = parts;
    this.#worker = new WorkerPool({ name: 'stats', module, size: 1, idleMs: Infinity, holdsFiles: true, onStuck });
  }

  get waiting(): number {
    return this.#worker.waiting;
  }

  async containerStats(containers: readonly Container[], signal: AbortSignal): Promise<Uint8Array> {
    await this.#layers.refreshed(containers, signal);
    const request = { containers: containers.map(idOf), root: this.#parts.root };
    return this.#ask('containerStats', { containers, pods: [] }, request, signal);
  }

  async podStats(pods: readonly Pod[], signal: AbortSignal): Promise<Uint8Array> {
    const { containers, asked } = this.#runningOf(pods);
    await this.#layers.refreshed(containers, signal);
    return this.#ask('podStats', { containers, pods }, { pods: asked, root: this.#parts.root }, signal);
  }

  async podMetrics(pods: readonly Pod[], signal: AbortSignal): Promise<Uint8Array> {
    const { containers, asked } = this.#runningOf(pods);
    await this.#layers.refreshed(containers, signal);
    return this.#ask('podMetrics', { containers, pods }, { pods: asked, ...this.#extras() }, signal);
  }

  async samplePods(pods: readonly Pod[], detail: Detail, signal: AbortSignal): Promise<readonly PodSample[]> {
    if (pods.length === 0) return [];
    const { containers } = this.#runningOf(pods);
    const request = { containers: containers.map(idOf), pods: pods.map(idOf), detail };
    const looks = await this.#ask('look', { containers, pods }, request, signal);
    const samples = containers.flatMap((container, i) => this.#sampleOf(container, looks.containers[i]));
    const byPod = Map.groupBy(samples, ({ container }) => container.record.podId);
    return pods.flatMap((pod, i): PodSample[] => {
      const look = looks.pods[i];
      return look === undefined ? [] : [{ ...look, pod, containers: byPod.get(pod.record.id) ?? [] }];
    });
  }

  async series(head: string, as: SeriesForm, signal: AbortSignal): Promise<Uint8Array> {
    const { store } = this.#parts;
    const containers = runningIn(store).filter(({ record }) => store.pods.has(record.podId));
    this.#layers.refresh(containers);
    const pods = [...store.pods.values()].filter(({ state }) => state.kind === 'ready');
    const ids = { containers: containers.map(idOf), pods: pods.map(idOf) };
    const request = { ...ids, ...this.#extras(), others: namesAtRest(store), head, ...as };
    return this.#ask('render', { containers, pods }, request, signal);
  }

  #extras() {
    return { fileSystem: this.#layers.fileSystem, ooms: oomRows(this.#parts.oomTallies) };
  }

  #runningOf(pods: readonly Pod[]): { readonly containers: readonly Container[]; readonly asked: readonly AskedPod[] } {
    const ids = new Set<string>(pods.map(idOf));
    const containers = runningIn(this.#parts.store).filter(({ record }) => ids.has(record.podId));
    const byPod = Map.groupBy(containers, ({ record }) => record.podId);
    const asked = pods.map(({ record: { id } }) => ({ id, containers: (byPod.get(id) ?? []).map(idOf) }));
    return { containers, asked };
  }

  #sampleOf(container: Container, look: ContainerLook | undefined): readonly ContainerSample[] {
    if (look === undefined) return [];
    const { oomTallies, store } = this.#parts;
    const { podId, config } = container.record;
    const pod = store.pods.get(podId)?.record.config;
    const oomEvents = pod === undefined ? 0 : oomTallies.of(pod.namespace, pod.name, config.name);
    return [{ ...look, container, oomEvents }];
  }

  /** The caller's signal ends the wait only: a Worker whose call is given up would have to be replaced. */
  async #ask<T extends keyof StatsTasks>(
    task: T,
    { containers, pods }: Subjects,
    request: Request<T>,
    signal: AbortSignal,
  ): Promise<NonNullable<ReturnType<StatsTasks[T]>>> {
    const ask = async () => {
      const news = this.#news(containers, pods);
      const asked = { ...request, news } as Parameters<StatsTasks[T]>[0];
      try {
        return await this.#worker.callWithin(lookTimeoutMs, task, asked, this.#parts.lifetime);
      } catch (error) {
        this.#telling.again(news);
        throw error;
      }
    };
    const work = async () => {
      const answer = await ask();
      if (answer !== undefined) return answer;
      // A new Worker has taken the place of one that was stuck.
      this.#telling.again();
      const second = await ask();
      if (second === undefined) throw fail('internal', `${task}: the stats worker does not know what it was told of`);
      return second;
    };
    return waitFor(work() as Promise<NonNullable<ReturnType<StatsTasks[T]>>>, signal);
  }

  #news(containers: readonly Container[], pods: readonly Pod[]): News {
    const news = this.#telling.news(containers, pods);
    for (const id of news.gone) this.#layers.forget(id);
    return news;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker[Symbol.asyncDispose]();
  }
}
