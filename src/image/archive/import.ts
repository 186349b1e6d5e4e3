import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { during, fail } from '../../base/errors.ts';
import type { ImageSource } from '../assemble.ts';
import type { Image } from '../image.ts';
import { compressionOfFile, decompressed, unpackError } from '../layers/decompress.ts';
import type { FileRange } from '../layers/decompress.ts';
import { Expansion } from '../layers/expansion.ts';
import type { LayerLimits } from '../layers/layer-writer.ts';
import { Meter } from '../layers/meter.ts';
import { unpackInPool } from '../layers/pool.ts';
import type { LayerPool } from '../layers/pool.ts';
import { parseReference, repoDigest, tagOf } from '../reference/parse.ts';
import type { Platform } from '../registry/manifest.ts';
import type { ArchivedImage } from './archived-image.ts';
import { dockerArchiveImages } from './docker-archive.ts';
import { layoutImages } from './oci-layout.ts';
import { rootFileSystemImage } from './root-file-system.ts';
import { indexArchive } from './tar-index.ts';

export interface ImportOrder {
  readonly file: string;
  /** The only name the image gets; '' for those of the archive. */
  readonly name: string;
  /** The file is the tar of a root file system, not of images. */
  readonly rootfs: boolean;
  /** A directory for the archive when it must be decompressed first. */
  readonly ingest: string;
  readonly pool: LayerPool;
  readonly limits: LayerLimits;
  readonly platform: Platform;
}

/**
 * Imports every image of an archive: docker save's form where it has a manifest.json, else an OCI layout.
 * Errors: `not_found` for the file, `invalid_argument` for what is no such archive.
 */
export async function importArchive(
  order: ImportOrder,
  assemble: (source: ImageSource) => Promise<Image>,
): Promise<readonly Image[]> {
  const { file, ingest, name, platform } = order;
  const plain = join(ingest, `${randomUUID()}.tar`);
  try {
    const info = await stat(file).catch((error: unknown) => {
      throw fail('not_found', `no such file or no right to read it`, error);
    });
    const whole = { file, offset: 0, size: info.size };
    const compressed = (await compressionOfFile(file)) !== 'none';
    if (compressed) await decompress(whole, plain, order.limits.maxExpansion);
    const archive = compressed ? plain : file;
    if (order.rootfs) {
      const image = await rootFileSystemImage(archive, name, platform);
      return [await assemble(sourceOf(image, order))];
    }
    const files = await indexArchive(archive);
    const found = files.has('manifest.json') ? await dockerArchiveImages(files) : await layoutImages(files, platform);
    const [only, ...others] = found;
    if (name !== '' && (only === undefined || others.length > 0))
      throw fail('invalid_argument', `it holds ${found.length} images; a name can be given to one only`);
    const images: Image[] = [];
    for (const image of found) images.push(await assemble(sourceOf(name === '' ? image : renamed(image, name), order)));
    return images;
  } catch (error) {
    throw during(`import ${file}`, error);
  } finally {
    await rm(plain, { force: true });
  }
}

/** Errors: `resource_exhausted` for a bomb or a full disk, `invalid_argument` for what is damaged. */
async function decompress(source: FileRange, plain: string, maxExpansion: number): Promise<void> {
  const expansion = new Expansion(dirname(plain), source.size, maxExpansion);
  const counted = async function* (pieces: AsyncIterable<Buffer>) {
    for await (const piece of pieces) {
      expansion.count(piece.length, 'archive');
      yield piece;
    }
  };
  const pieces = await decompressed(source, new Meter(source.size).shared);
  await pipeline(pieces, counted, createWriteStream(plain, { mode: 0o600 })).catch((error: unknown) => {
    throw unpackError('archive', error);
  });
}

function renamed(image: ArchivedImage, name: string): ArchivedImage {
  const reference = parseReference(name);
  const tag = tagOf(reference);
  const [top] = image.manifests;
  return {
    ...image,
    tags: tag === undefined ? [] : [tag],
    digests: top === undefined ? [] : [repoDigest(reference, top.digest)],
  };
}

function sourceOf(image: ArchivedImage, order: ImportOrder): ImageSource {
  return {
    ...image,
    layerCount: image.layers.length,
    unpack: async (index, diffId, target, signal) => {
      const source = image.layers[index];
      if (source === undefined) throw fail('internal', `${image.about} has no layer ${index}`);
      const unpack = { source, target, diffId, limits: order.limits };
      return unpackInPool(order.pool, unpack, new Meter(source.size), signal);
    },
  };
}
