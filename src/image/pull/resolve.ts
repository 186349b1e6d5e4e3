import { during, errorFrom, fail } from '../../base/errors.ts';
import { traced } from '../../base/trace.ts';
import type { ImageSource } from '../assemble.ts';
import type { Content } from '../catalog.ts';
import type { Digest } from '../reference/digest.ts';
import { formatReference, repoDigest, tagOf } from '../reference/parse.ts';
import { askDigest, fetchConfig, fetchManifest } from '../registry/fetch.ts';
import type { RawManifest } from '../registry/fetch.ts';
import { parseManifest } from '../registry/manifest.ts';
import type { Descriptor, Platform } from '../registry/manifest.ts';
import { choosePlatform } from '../registry/platform.ts';
import type { RegistrySession } from '../registry/session.ts';
import { artifactSource } from './artifact.ts';
import type { FoundManifest } from './artifact.ts';
import { fetchLayer } from './layer.ts';
import type { LayerDeps } from './layer.ts';
import type { PullTracker } from './progress.ts';

export interface PullDeps extends LayerDeps {
  readonly platform: Platform;
  /** A manifest or configuration that is here already, if it is. */
  readonly known: (digest: Digest) => Promise<Buffer | undefined>;
  /** Whether an image of this name is here. */
  readonly isHere: (name: string) => boolean;
  /** Refuses what the policy does not let in. */
  readonly verify: (session: RegistrySession, signed: Descriptor, signal: AbortSignal) => Promise<void>;
}

/** An index that leads to an index that leads to … is nobody's image. */
const deepestIndex = 3;

/** What a reference means at its registry now. Errors: `not_found`, `unauthenticated`, `unavailable`, … */
export async function resolveImage(
  session: RegistrySession,
  deps: PullDeps,
  tracker: PullTracker,
  signal: AbortSignal,
): Promise<ImageSource> {
  const { reference } = session;
  const about = `image ${formatReference(reference)}`;
  try {
    const found = await traced('image.manifest', () => findManifest(session, deps, signal));
    const { top } = found;
    await traced('image.verify', () => deps.verify(session, top, signal));
    const { config, layers, artifactType } = found.manifest;
    tracker.setLayers(layers);
    if (artifactType !== '') return artifactSource({ session, deps, tracker }, found);
    const known = await deps.known(config.digest);
    const configBytes = known ?? (await traced('image.config', () => fetchConfig(session, config, signal)));
    const tag = reference.digest === undefined ? tagOf(reference) : undefined;
    return {
      about,
      tags: tag === undefined ? [] : [tag],
      digests: [repoDigest(reference, top.digest)],
      config: { digest: config.digest, bytes: configBytes },
      manifests: found.contents,
      layerCount: layers.length,
      settled: (index) => tracker.enter(index, 'here'),
      unpack: (index, diffId, target, until) => {
        const descriptor = layers[index];
        if (descriptor === undefined) throw fail('internal', `${about} has no layer ${index}`);
        return fetchLayer({ session, deps, order: { descriptor, diffId, target, index }, tracker }, until);
      },
    };
  } catch (error) {
    throw during(`pull ${formatReference(reference)}`, error);
  }
}

async function findManifest(session: RegistrySession, deps: PullDeps, signal: AbortSignal): Promise<FoundManifest> {
  const about = formatReference(session.reference);
  const first = await topManifest(session, deps, signal);
  const contents: Content[] = [first];
  let parsed = parseManifest(first.bytes, first.mediaType, about);
  const top = { digest: first.digest, size: first.bytes.length, mediaType: parsed.mediaType };
  for (let depth = 0; parsed.kind === 'index'; depth += 1) {
    if (depth === deepestIndex)
      throw fail('invalid_argument', `${about}: its index leads through more than ${deepestIndex} others`);
    const { digest, size } = choosePlatform(parsed.manifests, deps.platform, about);
    const bytes = await deps.known(digest);
    const raw = bytes === undefined ? await fetchManifest(session, digest, signal) : { bytes, digest, mediaType: '' };
    if (raw.bytes.length !== size)
      throw fail('invalid_argument', `manifest ${digest} has ${raw.bytes.length} bytes, its index says ${size}`);
    contents.push(raw);
    parsed = parseManifest(raw.bytes, raw.mediaType, about);
  }
  return { manifest: parsed, top, contents };
}

/**
 * What is here is not transferred again: the registry is only asked for its digest, which also tells whether these
 * credentials may have it.
 */
async function topManifest(session: RegistrySession, deps: PullDeps, signal: AbortSignal): Promise<RawManifest> {
  const { reference } = session;
  const name = reference.digest ?? reference.tag ?? 'latest';
  const digest = deps.isHere(formatReference(reference)) ? await digestNow(session, name, signal) : undefined;
  const bytes = digest === undefined ? undefined : await deps.known(digest);
  if (digest === undefined || bytes === undefined) return fetchManifest(session, name, signal);
  return { bytes, digest, mediaType: '' };
}

/** Undefined where the registry does not say: some answer no HEAD. */
async function digestNow(session: RegistrySession, name: string, signal: AbortSignal): Promise<Digest | undefined> {
  try {
    return await askDigest(session, name, signal);
  } catch (error) {
    const { code } = errorFrom(error);
    if (code === 'failed_precondition' || code === 'not_found' || code === 'invalid_argument') return undefined;
    throw error;
  }
}
