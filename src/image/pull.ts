import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { during, fail } from '../base/errors.ts';
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
    const found = await findManifest(session, reference, deps.platform, signal);
    const configBytes = await fetchConfig(session, found.manifest.config, signal);
    const tag = reference.digest === undefined ? tagOf(reference) : undefined;
    return {
      about,
      tags: tag === undefined ? [] : [tag],
      digests: [repoDigest(reference, found.top)],
      config: { digest: found.manifest.config.digest, bytes: configBytes },
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
  const file = join(deps.ingest, `${diffId.slice(diffId.indexOf(':') + 1)}.blob`);
  try {
    {
      using _slot = await deps.downloads.take(signal);
      await downloadBlob(session, descriptor, file, signal);
    }
    const source = { file, offset: 0, size: descriptor.size };
    return await unpackInPool(deps.pool, { source, target, diffId, limits: deps.limits }, signal);
  } finally {
    await rm(file, { force: true });
  }
}
