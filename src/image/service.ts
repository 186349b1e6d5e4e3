import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { PullMeter } from '../../metrics/pulls.ts';
import { waitFor } from '../base/abort.ts';
import { fail } from '../base/errors.ts';
import type { ImageId } from '../base/ids.ts';
import type { Logger } from '../base/log.ts';
import { trimHeap } from '../linux/heap.ts';
import { exportImages } from './archive/export.ts';
import { importArchive } from './archive/import.ts';
import { assembleImage } from './assemble.ts';
import { Catalog } from './catalog.ts';
import { commitImage } from './commit.ts';
import type { CommitOrder } from './commit.ts';
import { examineImages } from './examine.ts';
import type { Examination } from './examine.ts';
import type { Image } from './image.ts';
import type { LayerLimits } from './layers/layer-writer.ts';
import { openLayerPool } from './layers/pool.ts';
import { dropOldBlobs } from './pull/layer.ts';
import type { PullProgress } from './pull/progress.ts';
import { Pulls } from './pull/pulls.ts';
import type { PullOptions, RegistryAccess } from './pull/pulls.ts';
import type { Digest } from './reference/digest.ts';
import { nameOf, parseReference, tagOf } from './reference/parse.ts';
import type { Descriptor, Platform } from './registry/manifest.ts';
import { hostPlatform } from './registry/platform.ts';
import type { RegistrySession } from './registry/session.ts';
import { SharedWork } from './shared-work.ts';
import { Slots } from './slots.ts';
import { ImageRecords } from './store/images.ts';
import { LayerStore } from './store/layers.ts';
import type { VerificationRule } from './verify/policy.ts';
import { verifyImage } from './verify/verify.ts';

export type { Image } from './image.ts';
export type { PullOptions } from './pull/pulls.ts';

export interface ImageOptions {
  /** Where images/, content/ and layers/ are, absolute. */
  readonly root: string;
  readonly registry: RegistryAccess;
  /** Registries in which short names are looked for, in order; docker.io unless given. */
  readonly searchRegistries?: readonly string[];
  /** References, `*` at the end for any rest. */
  readonly pinned: readonly string[];
  readonly log: Logger;
  /** Layers downloaded at the same time, over all pulls; 3 unless given. */
  readonly maxParallelLayers?: number;
  /** Layers unpacked at the same time; as many as there are processors unless given. */
  readonly maxParallelUnpacks?: number;
  /** Which images may be pulled; all without a rule. */
  readonly verification?: readonly VerificationRule[];
  readonly platform?: Platform;
  readonly limits?: LayerLimits;
  /** Told of pulls and what they receive. */
  readonly meter?: PullMeter;
  /** Milliseconds that a pull goes on after the last who waited for it has left. */
  readonly graceMs?: number;
}

export interface ImportOptions {
  readonly name?: string;
  readonly rootfs?: boolean;
}

export interface FilesystemUsage {
  readonly mountpoint: string;
  readonly usedBytes: bigint;
  readonly usedInodes: bigint;
}

/** The images of this node. Answers come from memory; a caller's signal ends its wait, never the work. */
export interface Images {
  /** Errors: `not_found`, `unauthenticated`, `permission_denied`, `unavailable`, `invalid_argument`, … */
  pull(reference: string, options: PullOptions, signal: AbortSignal): Promise<Image>;
  /** How far the pulls of a name are. Errors: `invalid_argument`. */
  progress(reference: string): readonly PullProgress[];
  list(): readonly Image[];
  /** By tag, digest, id or unique beginning of an id. Errors: `invalid_argument`. */
  find(text: string): Image | undefined;
  /** Errors: `not_found`. */
  get(id: ImageId): Image;
  /**
   * Gives an image one more name; an image that had it loses it. Errors: `not_found`, `invalid_argument` for a name
   * with a digest, which nobody can give.
   */
  tag(source: string, name: string, signal: AbortSignal): Promise<Image>;
  /** With all its names; absent is fine. Errors: `failed_precondition` naming the container that uses it. */
  remove(text: string, signal: AbortSignal): Promise<void>;
  /** What all layers take. */
  filesystem(signal: AbortSignal): Promise<FilesystemUsage>;
  /** A holder (a container's id) keeps an image from removal, and one after another. Errors: `not_found`. */
  hold(id: ImageId, holder: string): void;
  /** Who keeps it from removal. */
  holders(id: ImageId): readonly string[];
  /** Ends all that the holder held. */
  release(holder: string): void;
  /** Removes layers without an image. None is removed before its first call, which says that all containers hold theirs. */
  collect(signal: AbortSignal): Promise<void>;
  /**
   * An OCI layout or docker save archive, compressed or not. A `name` that is not '' replaces those of the
   * archive, which must hold one image then; with `rootfs` it is the tar of a root file system. Errors: `not_found`, `invalid_argument`.
   */
  import(file: string, options: ImportOptions, signal: AbortSignal): Promise<readonly Image[]>;
  /**
   * Images by name as one tar: an OCI layout that docker load reads too. Errors: `not_found`, `failed_precondition`
   * for an image with a layer that cannot be packed again.
   */
  export(names: readonly string[], signal: AbortSignal): Promise<AsyncIterable<Buffer>>;
  /**
   * An image with what a container wrote on top of that it runs from. `read` is called when that is read. Errors: see
   * commitImage.
   */
  commit(order: CommitOrder, read: () => Promise<void>, signal: AbortSignal): Promise<Image>;
  /** Reads every layer, puts corrupt ones aside and pulls their images again. */
  examine(signal: AbortSignal): Promise<Examination>;
  /** The configuration file as it came, for verbose answers. Errors: `not_found`. */
  rawConfig(id: ImageId): Promise<string>;
  /** Ends pulls, waits for what they leave to do. */
  close(): Promise<void>;
}

const defaultLimits: LayerLimits = { maxEntries: 5_000_000, maxBytes: 256 * 2 ** 30, maxExpansion: 500 };
const defaultParallelLayers = 3;
const defaultSearch = ['docker.io'];
const defaultGraceMs = 60_000;
const trimAfterMs = 5_000;

/** Opens the store and reads all of it. Errors: what the disk says. */
export async function openImages(options: ImageOptions): Promise<Images> {
  const { root, log } = options;
  const ingest = join(root, 'ingest');
  await mkdir(ingest, { recursive: true, mode: 0o700 });
  await dropOldBlobs(ingest);
  const { maxParallelLayers = defaultParallelLayers, maxParallelUnpacks = cpus().length } = options;
  // At least two: one may wait for a slow registry, while it unpacks what comes.
  const unpackers = Math.max(2, maxParallelUnpacks);
  const pool = openLayerPool(unpackers);
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const directory = join(root, 'layers');
  const layers = await LayerStore.open({ directory, bootId, pool, log });
  const whole = (record: { layers: readonly Digest[] }) => record.layers.every((id) => layers.get(id) !== undefined);
  const { pinned, searchRegistries = defaultSearch } = options;
  const catalog = new Catalog(await ImageRecords.open(root, whole, log), layers, { pinned, searchRegistries });
  const lifetime = new AbortController();
  const imports = new SharedWork<string, readonly Image[]>(0);
  const platform = options.platform ?? hostPlatform();
  const limits = options.limits ?? defaultLimits;
  const deps = {
    ...{ catalog, layers, pool, ingest, limits, platform },
    downloads: new Slots(maxParallelLayers),
    streams: new Slots(unpackers - 1),
    known: (digest: Digest) => catalog.rawContent(digest),
    isHere: (name: string) => catalog.find(name) !== undefined,
    verify: (session: RegistrySession, image: Descriptor, signal: AbortSignal) =>
      verifyImage(options.verification ?? [], session, image, signal),
  };
  const { graceMs = defaultGraceMs, meter, registry } = options;
  const pulls = new Pulls({ registry, searchRegistries, graceMs, meter, log }, deps);

  let trimming: NodeJS.Timeout | undefined;
  /** Once the Workers have ended. */
  const trimLater = () => {
    clearTimeout(trimming);
    trimming = setTimeout(trimHeap, trimAfterMs).unref();
  };

  return {
    pull: (text, wishes, signal) => pulls.join(text, wishes, signal).finally(trimLater),
    progress: (text) => pulls.progress(text),
    list: () => catalog.list(),
    find: (text) => catalog.find(text),
    get: (id) => catalog.get(id),
    async tag(source, name, signal) {
      const image = catalog.find(source);
      if (image === undefined) throw fail('not_found', `image ${source}: not here; pull it first`);
      const reference = parseReference(name);
      const tag = tagOf(reference);
      if (tag === undefined || reference.digest !== undefined)
        throw fail(
          'invalid_argument',
          `image name ${name}: a digest cannot be given; name a tag such as ${nameOf(reference)}:1`,
        );
      return waitFor(catalog.tag(image.id, tag, lifetime.signal), signal);
    },
    remove: (text, signal) => waitFor(catalog.remove(text, lifetime.signal).finally(trimLater), signal),
    async filesystem() {
      let [bytes, inodes] = [0, 0];
      for (const layer of layers.all()) [bytes, inodes] = [bytes + layer.bytes, inodes + layer.inodes];
      return { mountpoint: root, usedBytes: BigInt(bytes), usedInodes: BigInt(inodes) };
    },
    hold: (id, holder) => catalog.hold(id, holder),
    holders: (id) => catalog.holders(id),
    release: (holder) => catalog.release(holder),
    collect: (signal) => catalog.collect(signal),
    async import(file, { name = '', rootfs = false }, signal) {
      const start = (until: AbortSignal) =>
        importArchive({ file, name, rootfs, ingest, pool, limits, platform }, (source) =>
          assembleImage(source, deps, until),
        );
      return imports.join(JSON.stringify([file, name, rootfs]), (until) => start(until).finally(trimLater), signal);
    },
    async export(names, signal) {
      const chosen = names.map((name) => {
        const image = catalog.find(name);
        if (image === undefined) throw fail('not_found', `image ${name}: not here; pull it first`);
        return image;
      });
      const configOf = async ({ id }: Image) => catalog.config(id);
      return exportImages([...new Set(chosen)], { layers, pool, ingest, configOf }, signal);
    },
    commit: (order, read, signal) => commitImage(order, { ...deps, read }, signal).finally(trimLater),
    examine: (signal) =>
      examineImages({ catalog, layers, log, pull: (name, until) => pulls.join(name, {}, until) }, signal),
    async rawConfig(id) {
      return (await catalog.config(id)).bytes.toString('utf8');
    },
    async close() {
      clearTimeout(trimming);
      const reason = fail('cancelled', 'the image service is closing');
      lifetime.abort(reason);
      await Promise.all([pulls.close(reason), imports.close(reason)]);
      await layers.settled();
      await pool[Symbol.asyncDispose]();
    },
  };
}
