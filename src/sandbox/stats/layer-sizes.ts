import { waitFor } from '../../base/abort.ts';
import { monotonicMs, nowMicros } from '../../base/clock.ts';
import type { ContainerId } from '../../base/ids.ts';
import type { DiskPool } from '../../linux/disk.ts';
import type { FileSystemFacts, TreeSize } from '../../linux/disk-worker.ts';
import type { Paths } from '../store/paths.ts';
import type { Container } from '../store/store.ts';

/** What a writable layer takes up on its disk. */
export interface LayerSize {
  /** When it was measured, microseconds since 1970. */
  readonly timestamp: number;
  readonly bytes: number;
  readonly inodes: number;
}

interface Measured extends LayerSize {
  readonly again: number;
}

export interface LayerSizesParts {
  readonly paths: Pick<Paths, 'container'>;
  /** Of its own: a walk through a million files must not keep a container from being made. */
  readonly disk: DiskPool;
  readonly lifetime: AbortSignal;
  /** The directory whose file system holds the layers. */
  readonly root: string;
}

/** Milliseconds after which a layer is walked again, if somebody asks; one that takes long is walked less often. */
const ageMs = 10_000;
const timesItsDuration = 20;
/** Layers a call to the Worker measures. */
const together = 16;
/** Milliseconds that a caller waits for the first measure of a layer. */
const firstWaitMs = 1000;

/**
 * Sizes of writable layers by walking them: in a Worker, when asked for, one walk at a time and at most a twentieth of
 * the time. Project quotas would spare the walk, but few nodes have them switched on.
 */
export class LayerSizes {
  readonly #parts: LayerSizesParts;
  readonly #sizes = new Map<string, Measured>();
  readonly #line = new Set<ContainerId>();
  #fileSystem: { readonly facts: FileSystemFacts; readonly again: number } | undefined;
  #work: Promise<void> | undefined;

  constructor(parts: LayerSizesParts) {
    this.#parts = parts;
  }

  /** As measured last; undefined if never. */
  of(id: string): LayerSize | undefined {
    return this.#sizes.get(id);
  }

  /** As seen last; undefined if never. */
  get fileSystem(): FileSystemFacts | undefined {
    return this.#fileSystem?.facts;
  }

  /** Has what is missing or old measured; waits for nothing. */
  refresh(containers: readonly Container[]): void {
    const now = monotonicMs();
    for (const { record } of containers) if ((this.#sizes.get(record.id)?.again ?? 0) <= now) this.#line.add(record.id);
    const due = this.#line.size > 0 || (this.#fileSystem?.again ?? 0) <= now;
    if (due && !this.#parts.lifetime.aborted) this.#work ??= this.#measure().finally(() => (this.#work = undefined));
  }

  /** The same, and waits a moment where a layer, or the file system, was never measured. */
  async refreshed(containers: readonly Container[], signal: AbortSignal): Promise<void> {
    this.refresh(containers);
    const known = this.#fileSystem !== undefined && containers.every(({ record }) => this.#sizes.has(record.id));
    if (this.#work === undefined || known) return;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(firstWaitMs)]);
    await waitFor(this.#work, limit).catch(() => undefined);
  }

  forget(id: string): void {
    this.#sizes.delete(id);
  }

  async #measure(): Promise<void> {
    const { disk, lifetime, root, paths } = this.#parts;
    try {
      while (this.#line.size > 0) {
        const ids = [...this.#line].slice(0, together);
        for (const id of ids) this.#line.delete(id);
        const uppers = ids.map((id) => paths.container(id).upper);
        const sizes = await disk.call('treeSizes', uppers, lifetime);
        ids.forEach((id, i) => this.#keep(id, sizes[i]));
      }
      if ((this.#fileSystem?.again ?? 0) > monotonicMs()) return;
      this.#fileSystem = { facts: await disk.call('fileSystem', root, lifetime), again: monotonicMs() + ageMs };
    } catch {
      // The daemon ends, or a disk is in trouble: what was measured last stands.
    }
  }

  #keep(id: string, size: TreeSize | undefined): void {
    if (size === undefined) return;
    const { bytes, inodes, milliseconds } = size;
    const again = monotonicMs() + Math.max(ageMs, milliseconds * timesItsDuration);
    this.#sizes.set(id, { timestamp: nowMicros(), bytes, inodes, again });
  }
}
