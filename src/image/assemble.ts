import { parseImageId } from '../base/ids.ts';
import type { Catalog, Content } from './catalog.ts';
import { parseConfig } from './config.ts';
import type { Image } from './image.ts';
import type { LayerUsage } from './layers/layer-writer.ts';
import type { Digest } from './reference/digest.ts';
import type { LayerStore } from './store/layers.ts';

/** An image that can be had from somewhere: a registry, an archive. */
export interface ImageSource {
  /** How messages call it. */
  readonly about: string;
  readonly tags: readonly string[];
  readonly digests: readonly string[];
  readonly config: Content;
  readonly manifests: readonly Content[];
  readonly layerCount: number;
  /** Unpacks layer number `index` into an empty directory, having checked that it is `diffId`. */
  readonly unpack: (index: number, diffId: Digest, target: string, signal: AbortSignal) => Promise<LayerUsage>;
}

/**
 * Makes an image of a source: all its layers at once, those that are here already left out, then the record.
 * After an error nothing of it is left but what others use. Errors: the source's, the signal's.
 */
export async function assembleImage(
  source: ImageSource,
  catalog: Catalog,
  layers: LayerStore,
  signal: AbortSignal,
): Promise<Image> {
  const parsed = parseConfig(source.config.bytes, source.layerCount, source.about);
  const distinct = new Map(parsed.diffIds.map((diffId, index) => [diffId, index]));
  try {
    using pins = new DisposableStack();
    for (const diffId of distinct.keys()) pins.use(layers.pin(diffId));
    await allOrFirstError([...distinct], signal, ([diffId, index], until) =>
      layers.ensure(diffId, (target) => source.unpack(index, diffId, target, until)),
    );
    const content = [...source.manifests, source.config];
    const record = {
      id: parseImageId(source.config.digest),
      tags: source.tags,
      digests: source.digests,
      layers: parsed.diffIds,
      content: content.map(({ digest }) => digest),
      created: parsed.created,
      config: parsed.config,
    };
    return await catalog.commit(record, content, signal);
  } catch (error) {
    await catalog.collect(AbortSignal.timeout(collectMs));
    throw error;
  }
}

/** Milliseconds to wait for the line before a sweep; a later one will do as well. */
const collectMs = 60_000;

/** Runs all; the first error ends the others, and is thrown when they have ended. */
async function allOrFirstError<T>(
  items: readonly T[],
  signal: AbortSignal,
  run: (item: T, signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const failed = new AbortController();
  const until = AbortSignal.any([signal, failed.signal]);
  const outcomes = items.map((item) =>
    run(item, until).catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(outcomes);
  signal.throwIfAborted();
  failed.signal.throwIfAborted();
}
