import { parseImageId } from '../base/ids.ts';
import { traced } from '../base/trace.ts';
import type { Catalog, Content } from './catalog.ts';
import { parseConfig } from './config.ts';
import type { Image } from './image.ts';
import type { LayerUsage } from './layers/layer-writer.ts';
import type { LayerPool } from './layers/pool.ts';
import { digestOf } from './reference/digest.ts';
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
  /** Told when layer number `index` is here, whoever made it. */
  readonly settled?: (index: number) => void;
  /** Unpacks layer number `index` into an empty directory, having checked that it is `diffId`. */
  readonly unpack: (index: number, diffId: Digest, target: string, signal: AbortSignal) => Promise<LayerUsage>;
}

export interface AssemblyDeps {
  readonly catalog: Catalog;
  readonly layers: LayerStore;
  readonly pool: LayerPool;
}

/**
 * Makes an image of a source: all its layers at once, those that are here already left out, then the record.
 * After an error nothing of it is left but what others use. Errors: the source's, the signal's.
 */
export async function assembleImage(
  source: ImageSource,
  { catalog, layers, pool }: AssemblyDeps,
  signal: AbortSignal,
): Promise<Image> {
  const parsed = parseConfig(source.config.bytes, source.layerCount, source.about);
  const distinct = new Map(parsed.diffIds.map((diffId, index) => [diffId, index]));
  try {
    using pins = new DisposableStack();
    for (const diffId of distinct.keys()) pins.use(layers.pin(diffId));
    await allOrFirstError([...distinct], signal, async ([diffId, index], until) => {
      const unpack = (target: string) => source.unpack(index, diffId, target, until);
      await traced('image.layer', () => layers.ensure(diffId, unpack));
      source.settled?.(index);
    });
    const mend = await mendLayer(parsed.diffIds, layers, pool, pins);
    const content = [...source.manifests, source.config];
    const record = {
      id: parseImageId(source.config.digest),
      tags: source.tags,
      digests: source.digests,
      layers: mend === undefined ? parsed.diffIds : [...parsed.diffIds, mend],
      content: content.map(({ digest }) => digest),
      created: parsed.created,
      added: new Date().toISOString(),
      artifactType: parsed.artifactType,
      config: parsed.config,
    };
    return await traced('image.commit', () => catalog.commit(record, content, signal));
  } catch (error) {
    await catalog.tidy(AbortSignal.timeout(collectMs));
    throw error;
  }
}

/** The layer of the image's own that goes on top, if it needs one: see mend.ts. It has no digest but its plan's. */
async function mendLayer(
  diffIds: readonly Digest[],
  layers: LayerStore,
  pool: LayerPool,
  pins: DisposableStack,
): Promise<Digest | undefined> {
  const stack = diffIds.map((diffId) => layers.get(diffId)).filter((layer) => layer !== undefined);
  if (stack.every(({ implicit, links }, index) => links.length === 0 && (index === 0 || implicit.length === 0)))
    return undefined;
  const { directories, files } = await pool.call(
    'planMend',
    stack.map(({ path, implicit, links }) => ({ path, implicit, links })),
    never,
  );
  if (directories.length + files.length === 0) return undefined;
  const linked = files.length === 0 ? [] : [files, diffIds];
  const id = digestOf(Buffer.from(JSON.stringify(['directories as they should look', directories, ...linked])));
  pins.use(layers.pin(id));
  const paths = stack.map(({ path }) => path);
  await layers.ensure(id, (target) => pool.call('makeMend', { target, layers: paths, directories, files }, never));
  return id;
}

const never = new AbortController().signal;

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
