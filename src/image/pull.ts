import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { during, errorFrom, fail } from '../base/errors.ts';
import { traced } from '../base/trace.ts';
import type { Content } from './catalog.ts';
import type { ImageSource } from './assemble.ts';
import type { LayerUsage, LayerLimits } from './layers/layer-writer.ts';
import { unpackInPool } from './layers/pool.ts';
import type { LayerPool } from './layers/pool.ts';
import type { Digest } from './reference/digest.ts';
import { formatReference, repoDigest, tagOf } from './reference/parse.ts';
import type { ImageReference } from './reference/parse.ts';
import { downloadBlob, fetchConfig, fetchManifest } from './registry/fetch.ts';
import { parseManifest } from './registry/manifest.ts';
import type { Descriptor, Manifest, Platform } from './registry/manifest.ts';
import { choosePlatform } from './registry/platform.ts';
import type { RegistrySession } from './registry/session.ts';
import type { Slots } from './slots.ts';

export interface PullDeps {
  readonly pool: LayerPool;
  readonly downloads: Slots;
  /** A directory for blobs on their way. */
  readonly ingest: string;
  readonly limits: LayerLimits;
  readonly platform: Platform;
  /** Told of the bytes of each layer that came in. */
  readonly received: ((bytes: number) => void) | undefined;
  /** A configuration that is here already, if it is. */
  readonly known: (digest: Digest) => Promise<Buffer | undefined>;
}

/** An index that leads to an index that leads to … is nobody's image. */
const deepestIndex = 3;

/** What a reference means at its registry now. Errors: `not_found`, `unauthenticated`, `unavailable`, … */
export async function resolveImage(
  session: RegistrySession,
  deps: PullDeps,
  signal: AbortSignal,
): Promise<ImageSource> {
  const { reference } = session;
  const about = `image ${formatReference(reference)}`;
  try {
    const found = await traced('image.manifest', () => findManifest(session, reference, deps.platform, signal));
    const { config } = found.manifest;
    const known = await deps.known(config.digest);
    const configBytes = known ?? (await traced('image.config', () => fetchConfig(session, config, signal)));
    const tag = reference.digest === undefined ? tagOf(reference) : undefined;
    return {
      about,
      tags: tag === undefined ? [] : [tag],
      digests: [repoDigest(reference, found.top)],
      config: { digest: config.digest, bytes: configBytes },
      manifests: found.contents,
      layerCount: found.manifest.layers.length,
      unpack: (index, diffId, target, until) => {
        const descriptor = found.manifest.layers[index];
        if (descriptor === undefined) throw fail('internal', `${about} has no layer ${index}`);
        return fetchLayer(session, deps, { descriptor, diffId, target }, until);
      },
    };
  } catch (error) {
    throw during(`pull ${formatReference(reference)}`, error);
  }
}

interface FoundManifest {
  /** The digest that the reference resolved to: of the index where there is one. */
  readonly top: Digest;
  readonly manifest: Manifest;
  readonly contents: readonly Content[];
}

async function findManifest(
  session: RegistrySession,
  reference: ImageReference,
  platform: Platform,
  signal: AbortSignal,
): Promise<FoundManifest> {
  const about = formatReference(reference);
  const contents: Content[] = [];
  let name: string = reference.digest ?? reference.tag ?? 'latest';
  let size: number | undefined;
  for (let depth = 0; depth <= deepestIndex; depth += 1) {
    const raw = await fetchManifest(session, name, signal);
    if (size !== undefined && raw.bytes.length !== size)
      throw fail('invalid_argument', `manifest ${name} has ${raw.bytes.length} bytes, its index says ${size}`);
    contents.push(raw);
    const parsed = parseManifest(raw.bytes, raw.mediaType, about);
    if (parsed.kind === 'manifest') return { top: contents[0]?.digest ?? raw.digest, manifest: parsed, contents };
    const chosen: Descriptor = choosePlatform(parsed.manifests, platform, about);
    name = chosen.digest;
    size = chosen.size;
  }
  throw fail('invalid_argument', `${about}: its index leads through more than ${deepestIndex} others`);
}

interface LayerOrder {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  readonly target: string;
}

async function fetchLayer(
  session: RegistrySession,
  deps: PullDeps,
  order: LayerOrder,
  signal: AbortSignal,
): Promise<LayerUsage> {
  const { descriptor, diffId, target } = order;
  if (descriptor.mediaType.includes('encrypted'))
    throw fail('unimplemented', `layer ${descriptor.digest} is encrypted`);
  const file = join(deps.ingest, `${hexOf(diffId)}-${hexOf(descriptor.digest).slice(0, 16)}`);
  try {
    {
      using _slot = await deps.downloads.take(signal);
      const facts = { 'cricket.digest': descriptor.digest, 'cricket.bytes': descriptor.size };
      await traced('image.download', () => downloadBlob(session, descriptor, file, signal), facts);
      deps.received?.(descriptor.size);
    }
    const source = { file, offset: 0, size: descriptor.size };
    const unpack = { source, target, diffId, limits: deps.limits };
    const usage = await traced('image.unpack', () => unpackInPool(deps.pool, unpack, signal));
    await rm(file);
    return usage;
  } catch (error) {
    if (!(await worthKeeping(file, error))) await rm(file, { force: true });
    throw error;
  }
}

const hexOf = (digest: Digest) => digest.slice(digest.indexOf(':') + 1);

/** Bytes of a blob that are kept for the next attempt, if nothing was wrong with them. */
const leastKept = 1 << 20;

async function worthKeeping(file: string, thrown: unknown): Promise<boolean> {
  const { code } = errorFrom(thrown);
  if (code !== 'unavailable' && code !== 'cancelled' && code !== 'deadline_exceeded') return false;
  const found = await stat(file).catch(() => undefined);
  return found !== undefined && found.size >= leastKept;
}

/** Ends the keeping of blobs that nobody came back for within a day. */
export async function dropOldBlobs(ingest: string): Promise<void> {
  for (const name of await readdir(ingest)) {
    const file = join(ingest, name);
    const found = await stat(file);
    if (!blobName.test(name) || Date.now() - found.mtimeMs > keptForMs)
      await rm(file, { recursive: true, force: true });
  }
}

const blobName = /^[0-9a-f]+-[0-9a-f]{16}$/;
const keptForMs = 24 * 3600 * 1000;
