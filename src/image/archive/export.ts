import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../base/errors.ts';
import type { Image } from '../image.ts';
import type { LayerPool } from '../layers/pool.ts';
import { digestOf } from '../reference/digest.ts';
import type { Digest } from '../reference/digest.ts';
import type { LayerStore } from '../store/layers.ts';
import { tarEnd, tarFileHeader, tarPadding } from './tar-header.ts';

export interface ExportDeps {
  readonly layers: LayerStore;
  readonly pool: LayerPool;
  /** A directory for one layer at a time. */
  readonly ingest: string;
  /** An image's configuration and the layers that it names. */
  readonly configOf: (image: Image) => Promise<{ readonly bytes: Buffer; readonly diffIds: readonly Digest[] }>;
}

interface Blob {
  readonly digest: Digest;
  readonly bytes: Buffer;
}

interface Planned {
  readonly tags: readonly string[];
  readonly config: Blob;
  readonly manifest: Blob;
  readonly diffIds: readonly Digest[];
}

const types = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const;

/**
 * Images as one archive, an OCI layout (image-layout.md) that has docker save's manifest.json too. Layers are the
 * archives they came from, uncompressed, so the ids of the images stay. What is wrong is known before the first byte.
 * Errors: `failed_precondition` for a layer that cannot be made again.
 */
export async function exportImages(
  images: readonly Image[],
  deps: ExportDeps,
  signal: AbortSignal,
): Promise<AsyncGenerator<Buffer>> {
  const sizes = new Map<Digest, number>();
  const planned: Planned[] = [];
  for (const image of images) {
    const config = await deps.configOf(image);
    for (const diffId of config.diffIds)
      if (!sizes.has(diffId)) sizes.set(diffId, await layerSize(diffId, deps, signal));
    planned.push(plan(image, config, sizes));
  }
  return archive(planned, sizes, deps, signal);
}

async function layerSize(diffId: Digest, { layers, pool }: ExportDeps, signal: AbortSignal): Promise<number> {
  const layer = layers.get(diffId);
  const size = layer === undefined ? undefined : await pool.call('replayedSize', layer.path, signal);
  if (size === undefined)
    throw fail(
      'failed_precondition',
      `layer ${diffId} has no record of the archive it came from; copy the image from its registry instead (skopeo copy)`,
    );
  return size;
}

function plan(
  image: Image,
  config: { readonly bytes: Buffer; readonly diffIds: readonly Digest[] },
  sizes: ReadonlyMap<Digest, number>,
): Planned {
  const configBlob = blob(config.bytes);
  const manifest = {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: { mediaType: types.config, digest: configBlob.digest, size: config.bytes.length },
    layers: config.diffIds.map((digest) => ({ mediaType: types.layer, digest, size: sizes.get(digest) ?? 0 })),
  };
  return { tags: image.repoTags, config: configBlob, manifest: json(manifest), diffIds: config.diffIds };
}

async function* archive(
  planned: readonly Planned[],
  sizes: ReadonlyMap<Digest, number>,
  deps: ExportDeps,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  using pins = new DisposableStack();
  for (const diffId of sizes.keys()) pins.use(deps.layers.pin(diffId));
  yield* file('oci-layout', json({ imageLayoutVersion: '1.0.0' }).bytes);
  yield* file(
    'index.json',
    json({ schemaVersion: 2, mediaType: types.index, manifests: planned.flatMap(descriptors) }).bytes,
  );
  yield* file('manifest.json', json(planned.map(dockerEntry)).bytes);
  const small = new Map(
    planned.flatMap(({ config, manifest }) => [config, manifest]).map((one) => [one.digest, one.bytes]),
  );
  for (const [digest, bytes] of small) yield* file(pathOf(digest), bytes);
  for (const [diffId, size] of sizes) {
    yield tarFileHeader(pathOf(diffId), size);
    yield* layerBytes(diffId, deps, signal);
    yield tarPadding(size);
  }
  yield tarEnd();
}

/** A layer is made in a Worker, on the disk, and read from there: a slow reader keeps no Worker. */
async function* layerBytes(diffId: Digest, deps: ExportDeps, signal: AbortSignal): AsyncGenerator<Buffer> {
  const made = join(deps.ingest, `${randomUUID()}.layer`);
  try {
    const layer = deps.layers.get(diffId);
    if (layer === undefined) throw fail('aborted', `layer ${diffId} was removed meanwhile; export again`);
    await deps.pool.call('replayTo', { target: layer.path, file: made }, signal);
    for await (const piece of createReadStream(made, { highWaterMark: 1 << 18, signal })) yield piece as Buffer;
  } finally {
    await rm(made, { force: true });
  }
}

/** One for each name, as containerd and skopeo read them. */
function descriptors({ tags, manifest }: Planned): object[] {
  const descriptor = { mediaType: types.manifest, digest: manifest.digest, size: manifest.bytes.length };
  if (tags.length === 0) return [descriptor];
  return tags.map((tag) => ({
    ...descriptor,
    annotations: {
      'io.containerd.image.name': tag,
      'org.opencontainers.image.ref.name': tag.slice(tag.lastIndexOf(':') + 1),
    },
  }));
}

const dockerEntry = ({ tags, config, diffIds }: Planned): object => ({
  Config: pathOf(config.digest),
  RepoTags: tags.length > 0 ? tags : null,
  Layers: diffIds.map(pathOf),
});

function* file(name: string, bytes: Buffer): Generator<Buffer> {
  yield tarFileHeader(name, bytes.length);
  yield bytes;
  yield tarPadding(bytes.length);
}

const pathOf = (digest: Digest): string => `blobs/${digest.replace(':', '/')}`;
const blob = (bytes: Buffer): Blob => ({ digest: digestOf(bytes), bytes });
const json = (value: unknown): Blob => blob(Buffer.from(JSON.stringify(value)));
