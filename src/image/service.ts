import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { PullMeter } from '../../metrics/pulls.ts';
import { waitFor } from '../base/abort.ts';
import { errorFrom, fail } from '../base/errors.ts';
import { describeSpan } from '../base/trace.ts';
import type { ImageId } from '../base/ids.ts';
import type { Logger } from '../base/log.ts';
import { trimHeap } from '../linux/heap.ts';
import { importArchive } from './archive/import.ts';
import { assembleImage } from './assemble.ts';
import { Catalog } from './catalog.ts';
import type { Image } from './image.ts';
import type { LayerLimits } from './layers/layer-writer.ts';
import { openLayerPool } from './layers/pool.ts';
import { dropOldBlobs, resolveImage } from './pull.ts';
import type { Digest } from './reference/digest.ts';
import { formatReference, parseReference } from './reference/parse.ts';
import { settleCredentials } from './registry/auth.ts';
import type { RegistryAuth } from './registry/auth.ts';
import { credentialsFromFile } from './registry/auth-file.ts';
import { endpointsOf } from './registry/hosts.ts';
import type { RegistryOptions } from './registry/hosts.ts';
import type { Platform } from './registry/manifest.ts';
import { hostPlatform } from './registry/platform.ts';
import { RegistrySession } from './registry/session.ts';
import { SharedWork } from './shared-work.ts';
import { Slots } from './slots.ts';
import { ImageRecords } from './store/images.ts';
import { LayerStore } from './store/layers.ts';

export type { Image } from './image.ts';

export interface ImageOptions {
  /** Where images/, content/ and layers/ are, absolute. */
  readonly root: string;
  readonly registry: RegistryOptions & {
    /** Milliseconds without a byte after which a transfer is taken for dead. */
    readonly silenceMs?: number;
    /** Credentials in the form of Docker's config.json, for requests that bring none. */
    readonly authFile?: string;
    /** Where HTTP_PROXY, HTTPS_PROXY and NO_PROXY are looked up. */
    readonly proxy?: NodeJS.ProcessEnv;
  };
  /** References, `*` at the end for any rest. */
  readonly pinned: readonly string[];
  readonly log: Logger;
  /** Layers downloaded at the same time, over all pulls; 3 unless given. */
  readonly maxParallelLayers?: number;
  readonly platform?: Platform;
  readonly limits?: LayerLimits;
  /** Told of pulls and what they receive. */
  readonly meter?: PullMeter;
  /** Milliseconds that a pull goes on after the last who waited for it has left. */
  readonly graceMs?: number;
}

export interface PullOptions {
  readonly auth?: RegistryAuth;
  readonly platform?: Platform;
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
  list(): readonly Image[];
  /** By tag, digest, id or unique beginning of an id. Errors: `invalid_argument`. */
  find(text: string): Image | undefined;
  /** Errors: `not_found`. */
  get(id: ImageId): Image;
  /** With all its names; absent is fine. Errors: `failed_precondition` naming the container that uses it. */
  remove(text: string, signal: AbortSignal): Promise<void>;
  /** What all layers take. */
  filesystem(signal: AbortSignal): Promise<FilesystemUsage>;
  /** A holder (a container's id) keeps one image from removal. Errors: `not_found`. */
  hold(id: ImageId, holder: string): void;
  release(holder: string): void;
  /** Removes layers without an image. None is removed before its first call, which says that all containers hold theirs. */
  collect(signal: AbortSignal): Promise<void>;
  /**
   * An OCI layout or docker save archive, compressed or not. A `name` that is not '' replaces those of the
   * archive, which must hold one image then. Errors: `not_found`, `invalid_argument`.
   */
  import(file: string, options: { readonly name?: string }, signal: AbortSignal): Promise<readonly Image[]>;
  /** The configuration file as it came, for verbose answers. Errors: `not_found`. */
  rawConfig(id: ImageId): Promise<string>;
  /** Ends pulls, waits for what they leave to do. */
  close(): Promise<void>;
}

const defaultLimits: LayerLimits = { maxEntries: 5_000_000, maxBytes: 256 * 2 ** 30 };
const defaultParallelLayers = 3;
const defaultSilenceMs = 60_000;
const defaultGraceMs = 60_000;
const trimAfterMs = 5_000;

/** Opens the store and reads all of it. Errors: what the disk says. */
export async function openImages(options: ImageOptions): Promise<Images> {
  const { root, log } = options;
  const ingest = join(root, 'ingest');
  await mkdir(ingest, { recursive: true, mode: 0o700 });
  await dropOldBlobs(ingest);
  const parallel = options.maxParallelLayers ?? defaultParallelLayers;
  const pool = openLayerPool(Math.max(1, Math.min(parallel, cpus().length)));
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const directory = join(root, 'layers');
  const layers = await LayerStore.open({ directory, bootId, pool, log });
  const whole = (record: { layers: readonly Digest[] }) => record.layers.every((id) => layers.get(id) !== undefined);
  const catalog = new Catalog(await ImageRecords.open(root, whole, log), layers, options.pinned);
  const lifetime = new AbortController();
  const pulls = new SharedWork<string, Image>(options.graceMs ?? defaultGraceMs);
  const imports = new SharedWork<string, readonly Image[]>(0);
  const deps = {
    pool,
    downloads: new Slots(parallel),
    ingest,
    limits: options.limits ?? defaultLimits,
    platform: options.platform ?? hostPlatform(),
    known: (digest: Digest) => catalog.rawContent(digest),
    received: options.meter?.received,
  };

  let trimming: NodeJS.Timeout | undefined;
  /** Once the Workers have ended. */
  const trimLater = () => {
    clearTimeout(trimming);
    trimming = setTimeout(trimHeap, trimAfterMs).unref();
  };

  async function pullNow(text: string, wishes: PullOptions, signal: AbortSignal): Promise<Image> {
    const reference = parseReference(text);
    describeSpan({ 'container.image.name': formatReference(reference) });
    const endpoints = await endpointsOf(reference.registry, options.registry);
    const { silenceMs = defaultSilenceMs, proxy = {}, authFile } = options.registry;
    const auth = hasCredentials(wishes.auth)
      ? wishes.auth
      : authFile && (await credentialsFromFile(authFile, reference));
    using session = new RegistrySession(reference, { endpoints, auth: auth || undefined, silenceMs, proxy });
    const started = performance.now();
    const platform = wishes.platform ?? deps.platform;
    const source = await resolveImage(session, { ...deps, platform }, signal);
    const image = await assembleImage(source, { catalog, layers, pool }, signal);
    const ms = Math.round(performance.now() - started);
    log.info({ image: image.id, reference: formatReference(reference), ms }, 'image pulled');
    return image;
  }

  return {
    async pull(text, wishes, signal) {
      const key = JSON.stringify([formatReference(parseReference(text)), wishes.platform, secretKey(wishes.auth)]);
      const start = (until: AbortSignal) => metered(options.meter, () => pullNow(text, wishes, until));
      return pulls.join(key, (until) => start(until).finally(trimLater), signal);
    },
    list: () => catalog.list(),
    find: (text) => catalog.find(text),
    get: (id) => catalog.get(id),
    remove: (text, signal) => waitFor(catalog.remove(text, lifetime.signal).finally(trimLater), signal),
    async filesystem() {
      let [bytes, inodes] = [0, 0];
      for (const layer of layers.all()) [bytes, inodes] = [bytes + layer.bytes, inodes + layer.inodes];
      return { mountpoint: root, usedBytes: BigInt(bytes), usedInodes: BigInt(inodes) };
    },
    hold: (id, holder) => catalog.hold(id, holder),
    release: (holder) => catalog.release(holder),
    collect: (signal) => catalog.collect(signal),
    async import(file, { name = '' }, signal) {
      const start = (until: AbortSignal) =>
        importArchive({ file, name, ingest, pool, limits: deps.limits, platform: deps.platform }, (source) =>
          assembleImage(source, { catalog, layers, pool }, until),
        );
      return imports.join(JSON.stringify([file, name]), (until) => start(until).finally(trimLater), signal);
    },
    async rawConfig(id) {
      const bytes = await catalog.rawContent(catalog.get(id).id as string as Digest);
      if (bytes === undefined) throw fail('not_found', `image ${id}: its configuration file is missing`);
      return bytes.toString('utf8');
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

async function metered(meter: PullMeter | undefined, pull: () => Promise<Image>): Promise<Image> {
  const end = meter?.begin();
  try {
    const image = await pull();
    end?.();
    return image;
  } catch (error) {
    end?.(errorFrom(error).code);
    throw error;
  }
}

const hasCredentials = (auth: RegistryAuth | undefined) => settleCredentials(auth) !== undefined;

/** Pulls with other credentials must not share an answer; the credentials themselves are kept nowhere. */
function secretKey(auth: RegistryAuth | undefined): string {
  return auth === undefined ? '' : createHash('sha256').update(JSON.stringify(auth)).digest('hex');
}
