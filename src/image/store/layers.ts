import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { loadCheckpoint, saveCheckpoint, syncPath } from '../../base/checkpoint.ts';
import { errnoOf, errorFrom, messageOf } from '../../base/errors.ts';
import { Flights } from '../../base/flights.ts';
import type { Logger } from '../../base/log.ts';
import type { LayerUsage, LowerLink } from '../layers/layer-writer.ts';
import type { LayerHealth } from '../layers/tar-replay.ts';
import type { LayerPool } from '../layers/pool.ts';
import type { Digest } from '../reference/digest.ts';
import { layerKind } from './layer-record.ts';
import type { LayerRecord } from './layer-record.ts';

/** An unpacked layer. `path` is its directory, short enough for many of them in one mount(2). */
export interface StoredLayer {
  readonly diffId: Digest;
  readonly path: string;
  readonly bytes: number;
  readonly inodes: number;
  /** Directories that the layer does not describe. */
  readonly implicit: readonly string[];
  /** Hard links to what a lower layer has. */
  readonly links: readonly LowerLink[];
}

export interface LayerStoreOptions {
  readonly directory: string;
  readonly bootId: string;
  readonly pool: LayerPool;
  readonly log: Logger;
}

interface Kept {
  readonly home: string;
  record: LayerRecord;
}

const marker = 'layer.json';
const never = new AbortController().signal;

/**
 * Unpacked layers by diffID: DIRECTORY/<number in base 36>/fs with a marker beside it. The marker is written
 * when the layer is whole and again when syncfs has put it on the disk; only the second outlives a power cut.
 */
export class LayerStore {
  readonly #options: LayerStoreOptions;
  readonly #layers = new Map<Digest, Kept>();
  readonly #pins = new Map<Digest, number>();
  readonly #making = new Flights<Digest, StoredLayer>();
  readonly #background = new Set<Promise<void>>();
  #next = 1;
  #syncing: Promise<void> | undefined;

  private constructor(options: LayerStoreOptions) {
    this.#options = options;
  }

  /** Reads what is there; what is half made, or was never synced before a reboot, is removed in the background. */
  static async open(options: LayerStoreOptions): Promise<LayerStore> {
    const store = new LayerStore(options);
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    for (const short of await readdir(options.directory)) await store.#adopt(short);
    await store.#leaveQuarantine();
    if (store.#unsynced().length > 0) store.syncSoon();
    return store;
  }

  get(diffId: Digest): StoredLayer | undefined {
    const kept = this.#layers.get(diffId);
    return kept === undefined ? undefined : layerOf(kept);
  }

  /** Every layer there is: what the store takes on disk. */
  *all(): Iterable<StoredLayer> {
    for (const kept of this.#layers.values()) yield layerOf(kept);
  }

  /** Keeps a layer, made or yet to be made, from being swept until disposed. */
  pin(diffId: Digest): Disposable {
    this.#pins.set(diffId, (this.#pins.get(diffId) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#pins.get(diffId) ?? 1) - 1;
        if (left > 0) this.#pins.set(diffId, left);
        else this.#pins.delete(diffId);
      },
    };
  }

  /** The layer, made by `fill` unless it is there or being made. `fill` gets an empty directory. */
  async ensure(diffId: Digest, fill: (target: string) => Promise<LayerUsage>): Promise<StoredLayer> {
    const attempt = { ours: false };
    const start = () => {
      attempt.ours = true;
      return this.#make(diffId, fill);
    };
    try {
      return this.get(diffId) ?? (await this.#making.join(diffId, start, never));
    } catch (error) {
      // Another pull's trouble with its registry is no answer to ours.
      if (attempt.ours) throw error;
      return this.get(diffId) ?? this.#making.join(diffId, start, never);
    }
  }

  /** Removes all layers that are neither used nor pinned; resolves when they are gone from the disk. */
  async sweep(used: ReadonlySet<Digest>): Promise<void> {
    const homes: string[] = [];
    for (const [diffId, kept] of this.#layers) {
      if (used.has(diffId) || this.#pins.has(diffId)) continue;
      this.#layers.delete(diffId);
      homes.push(kept.home);
    }
    await Promise.all(homes.map((home) => this.#remove(home)));
  }

  /** Reads every byte of a layer. Errors: the signal's. */
  async examine(diffId: Digest, signal: AbortSignal): Promise<LayerHealth> {
    const kept = this.#layers.get(diffId);
    if (kept === undefined) return { kind: 'unknown' };
    return this.#options.pool.call('examineLayer', { target: join(kept.home, 'fs'), diffId }, signal);
  }

  /**
   * Takes a layer out of use and answers where it is kept: until the next boot, as containers may stand on it.
   * What is mounted goes on, wherever its directory is moved.
   */
  async quarantine(diffId: Digest): Promise<string> {
    const kept = this.#layers.get(diffId);
    if (kept === undefined) return '';
    this.#layers.delete(diffId);
    const place = join(this.#quarantine, `${basename(kept.home)}-${this.#options.bootId}`);
    await mkdir(this.#quarantine, { recursive: true, mode: 0o700 });
    await rename(kept.home, place);
    await syncPath(this.#options.directory);
    return place;
  }

  /** Puts new layers on the disk for good, in the background; many of them by one syncfs. */
  syncSoon(): void {
    this.#syncing ??= this.#inBackground(this.#sync().finally(() => (this.#syncing = undefined)));
  }

  /** Waits for what goes on in the background. */
  async settled(): Promise<void> {
    while (this.#background.size > 0) await Promise.allSettled(this.#background);
  }

  async #adopt(short: string): Promise<void> {
    const home = join(this.#options.directory, short);
    const number = Number.parseInt(short, 36);
    if (Number.isSafeInteger(number)) this.#next = Math.max(this.#next, number + 1);
    try {
      const record = await loadCheckpoint(layerKind, join(home, marker));
      const whole = record.synced || record.bootId === this.#options.bootId;
      if (whole && !this.#layers.has(record.diffId)) this.#layers.set(record.diffId, { home, record });
      else this.#removeSoon(home);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') this.#removeSoon(home);
      else
        this.#options.log.error(
          { layer: home, error: messageOf(error) },
          'layer marker is unreadable: layer kept, not used',
        );
    }
  }

  async #make(diffId: Digest, fill: (target: string) => Promise<LayerUsage>): Promise<StoredLayer> {
    const home = join(this.#options.directory, (this.#next++).toString(36));
    const target = join(home, 'fs');
    try {
      await mkdir(target, { recursive: true, mode: 0o755 });
      const usage = await fill(target);
      const record = { diffId, ...usage, bootId: this.#options.bootId, synced: false };
      await saveCheckpoint(layerKind, join(home, marker), record, { durable: false });
      const kept = { home, record };
      this.#layers.set(diffId, kept);
      return layerOf(kept);
    } catch (error) {
      await this.#remove(home);
      throw errorFrom(error, `layer ${diffId}`);
    }
  }

  get #quarantine(): string {
    return join(this.#options.directory, '../quarantine');
  }

  /** No container stands on what was put aside before this boot. */
  async #leaveQuarantine(): Promise<void> {
    const names = await readdir(this.#quarantine).catch(() => []);
    const old = names.filter((name) => !name.endsWith(this.#options.bootId));
    for (const name of old) this.#removeSoon(join(this.#quarantine, name));
  }

  #unsynced(): readonly Kept[] {
    return [...this.#layers.values()].filter((kept) => !kept.record.synced);
  }

  async #sync(): Promise<void> {
    for (let waiting = this.#unsynced(); waiting.length > 0; waiting = this.#unsynced()) {
      await this.#options.pool.call('syncFileSystem', this.#options.directory, never);
      for (const kept of waiting) {
        kept.record = { ...kept.record, synced: true };
        if (this.#layers.get(kept.record.diffId) !== kept) continue;
        await saveCheckpoint(layerKind, join(kept.home, marker), kept.record);
      }
    }
  }

  /** The marker goes first: whatever happens then, the rest is known to be garbage. */
  async #remove(home: string): Promise<void> {
    await rm(join(home, marker), { force: true });
    if (errnoOf(await syncPath(home).catch((error: unknown) => error)) === 'ENOENT') return;
    await this.#options.pool.call('removeTree', home, never);
  }

  #removeSoon(home: string): void {
    void this.#inBackground(this.#remove(home));
  }

  #inBackground(work: Promise<void>): Promise<void> {
    const told = work.catch((error: unknown) => {
      this.#options.log.error({ error: messageOf(error) }, 'image store upkeep failed');
    });
    this.#background.add(told);
    void told.finally(() => this.#background.delete(told));
    return told;
  }
}

const layerOf = ({ home, record }: Kept): StoredLayer => ({
  diffId: record.diffId,
  path: join(home, 'fs'),
  bytes: record.bytes,
  inodes: record.inodes,
  implicit: record.implicit,
  links: record.links,
});
