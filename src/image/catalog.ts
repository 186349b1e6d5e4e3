import { throwIfAborted } from '../base/abort.ts';
import { fail } from '../base/errors.ts';
import type { ImageId } from '../base/ids.ts';
import { KeyedLocks } from '../base/locks.ts';
import { parseDiffIds } from './config.ts';
import { findRecord } from './find.ts';
import type { Image } from './image.ts';
import { isPinned } from './pinned.ts';
import { matches } from './reference/digest.ts';
import type { Digest } from './reference/digest.ts';
import type { ImageRecord } from './store/image-record.ts';
import type { ImageRecords } from './store/images.ts';
import type { LayerStore, StoredLayer } from './store/layers.ts';

/** Something to keep beside a record: a manifest or a configuration. */
export interface Content {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** What the configuration says of names. */
export interface CatalogNames {
  /** References, `*` at the end for any rest. */
  readonly pinned: readonly string[];
  /** Registries that a short name may mean, in order. */
  readonly searchRegistries: readonly string[];
}

interface Hold {
  readonly id: ImageId;
  /** Undefined where they are not known. */
  readonly layers: readonly Digest[] | undefined;
}

/**
 * Which images are here, under which names, and who uses them. Changes go one at a time; answers come from
 * memory. A layer goes when no image, no container's image and no pull needs it.
 */
export class Catalog {
  readonly #records: ImageRecords;
  readonly #layers: LayerStore;
  readonly #names: CatalogNames;
  readonly #lock = new KeyedLocks<'change'>();
  /** Holder (a container) → the images it runs from or mounts. */
  readonly #holds = new Map<string, readonly Hold[]>();
  /** All containers of the time before have said what they hold. */
  #settled = false;
  #images: ReadonlyMap<ImageId, Image> = new Map();

  constructor(records: ImageRecords, layers: LayerStore, names: CatalogNames) {
    this.#records = records;
    this.#layers = layers;
    this.#names = names;
    this.#refresh();
  }

  list(): readonly Image[] {
    return [...this.#images.values()];
  }

  /** Errors: `not_found`. */
  get(id: ImageId): Image {
    const image = this.#images.get(id);
    if (image === undefined) throw fail('not_found', `image ${id}: no such image; pull it first`);
    return image;
  }

  /** By tag, digest, id or unique beginning of an id. Errors: `invalid_argument` when several fit. */
  find(text: string): Image | undefined {
    const record = findRecord(text, [...this.#records.all()], this.#names.searchRegistries);
    return record === undefined ? undefined : this.#images.get(record.id);
  }

  /** Adds an image, or names to one; names that other images had move here. */
  async commit(record: ImageRecord, content: readonly Content[], signal: AbortSignal): Promise<Image> {
    using _held = await this.#lock.acquire('change', signal);
    const before = this.#records.get(record.id);
    for (const { digest, bytes } of content) await this.#records.saveContent(digest, bytes);
    const tags = union(before?.tags, record.tags);
    await this.#records.save({
      ...record,
      tags,
      added: before?.added ?? record.added,
      digests: union(before?.digests, record.digests),
      content: [...new Set([...(before?.content ?? []), ...record.content])],
    });
    for (const other of [...this.#records.all()]) {
      if (other.id === record.id || !other.tags.some((tag) => record.tags.includes(tag))) continue;
      await this.#records.save({ ...other, tags: other.tags.filter((tag) => !record.tags.includes(tag)) });
    }
    this.#refresh();
    this.#layers.syncSoon();
    return this.get(record.id);
  }

  /** Gives an image one more name, which another may lose by it. Errors: `not_found`. */
  async tag(id: ImageId, tag: string, signal: AbortSignal): Promise<Image> {
    const record = this.#records.get(id);
    if (record === undefined) throw fail('not_found', `image ${id}: no such image; pull it first`);
    return this.commit({ ...record, tags: [tag], digests: [], content: [] }, [], signal);
  }

  /** Takes the images out that have a layer; answers them as they were. */
  async forget(diffId: Digest, signal: AbortSignal): Promise<readonly Image[]> {
    using _held = await this.#lock.acquire('change', signal);
    const gone = [...this.#records.all()].filter(({ layers }) => layers.includes(diffId));
    const images = gone.map(({ id }) => this.get(id));
    for (const { id } of gone) await this.#records.delete(id);
    this.#refresh();
    return images;
  }

  /** Containers that run from it or mount it. */
  holders(id: ImageId): readonly string[] {
    return [...this.#holds].filter(([, held]) => held.some((one) => one.id === id)).map(([holder]) => holder);
  }

  /**
   * Removes an image with all its names (CRI: one name is enough); absent is fine.
   * Errors: `failed_precondition` naming the container that uses it.
   */
  async remove(text: string, signal: AbortSignal): Promise<void> {
    using _held = await this.#lock.acquire('change', signal);
    const image = this.find(text);
    if (image === undefined) return;
    const [holder] = this.holders(image.id);
    if (holder !== undefined)
      throw fail('failed_precondition', `image ${text} is used by container ${holder}; remove the container first`);
    throwIfAborted(signal);
    // At once, so that no container can take hold of it any more.
    this.#images = new Map([...this.#images].filter(([id]) => id !== image.id));
    try {
      await this.#records.delete(image.id);
    } finally {
      this.#refresh();
    }
    await this.#sweep();
  }

  /** Removes layers that nothing needs. The first call says that every container there is has said what it holds. */
  async collect(signal: AbortSignal): Promise<void> {
    this.#settled = true;
    await this.tidy(signal);
  }

  /**
   * Errors: `not_found`. Before the first `collect` such a holder counts all the same: it stands on layers that
   * we do not know, so nothing is swept until it has gone.
   */
  hold(id: ImageId, holder: string): void {
    const image = this.#images.get(id);
    if (image !== undefined || !this.#settled)
      this.#holds.set(holder, [
        ...(this.#holds.get(holder) ?? []),
        { id, layers: image?.layers.map((layer) => layer.diffId) },
      ]);
    this.get(id);
  }

  release(holder: string): void {
    this.#holds.delete(holder);
  }

  /** Removes what a failed pull leaves. */
  async tidy(signal: AbortSignal): Promise<void> {
    using _held = await this.#lock.acquire('change', signal);
    await this.#sweep();
  }

  /** The configuration file as it came, and the layers it names. Errors: `not_found`. */
  async config(id: ImageId): Promise<{ readonly bytes: Buffer; readonly diffIds: readonly Digest[] }> {
    const bytes = await this.#records.readContent(this.get(id).id as string as Digest);
    if (bytes === undefined) throw fail('not_found', `image ${id}: its configuration file is missing; pull it again`);
    return { bytes, diffIds: parseDiffIds(bytes, id) };
  }

  /** A manifest or configuration that is here. */
  async rawContent(digest: Digest): Promise<Buffer | undefined> {
    const bytes = await this.#records.readContent(digest);
    // A power cut may leave a file of zeros: then it is as good as not here.
    return bytes !== undefined && matches(digest, bytes) ? bytes : undefined;
  }

  async #sweep(): Promise<void> {
    if (!this.#settled || this.#records.unreadable.size > 0) return;
    const used = new Set<Digest>();
    for (const record of this.#records.all()) for (const diffId of record.layers) used.add(diffId);
    for (const { layers } of [...this.#holds.values()].flat()) {
      if (layers === undefined) return;
      for (const diffId of layers) used.add(diffId);
    }
    await this.#layers.sweep(used);
  }

  #refresh(): void {
    this.#images = new Map([...this.#records.all()].map((record) => [record.id, this.#imageOf(record)]));
  }

  #imageOf(record: ImageRecord): Image {
    const unique = new Map(record.layers.map((diffId) => [diffId, this.#layer(diffId)]));
    const bytes = [...unique.values()].reduce((sum, layer) => sum + layer.bytes, 0);
    return {
      id: record.id,
      repoTags: record.tags,
      repoDigests: record.digests,
      size: BigInt(bytes),
      config: record.config,
      layers: stackable(record.layers).map((diffId) => {
        const { path, bytes: size } = this.#layer(diffId);
        return { diffId, path, bytes: size };
      }),
      pinned: isPinned([...record.tags, ...record.digests], this.#names.pinned),
      created: record.created,
      added: record.added,
      artifactType: record.artifactType,
    };
  }

  #layer(diffId: Digest): StoredLayer {
    const layer = this.#layers.get(diffId);
    if (layer === undefined) throw fail('internal', `image store has no layer ${diffId}`);
    return layer;
  }
}

/** overlayfs refuses a directory that is there twice; of a repeated layer only the topmost place shows. */
const stackable = (layers: readonly Digest[]) => layers.filter((diffId, index) => layers.lastIndexOf(diffId) === index);

const union = (before: readonly string[] | undefined, more: readonly string[]) => [
  ...new Set([...(before ?? []), ...more]),
];
