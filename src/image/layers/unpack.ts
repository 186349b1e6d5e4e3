import { errnoOf, fail, messageOf } from '../../base/errors.ts';
import { hashFor } from '../reference/digest.ts';
import type { Digest } from '../reference/digest.ts';
import { demandSpace } from '../space.ts';
import type { FileRange } from './decompress.ts';
import { decompressed } from './decompress.ts';
import { LayerWriter } from './layer-writer.ts';
import type { LayerLimits, LayerUsage } from './layer-writer.ts';
import { TarReader } from './tar-reader.ts';

/** Bytes between two looks at the space that is left. */
const spaceInterval = 32 << 20;

/** One layer to unpack: `target` is an empty directory, `diffId` the digest its uncompressed bytes must have. */
export interface UnpackOrder {
  readonly source: FileRange;
  readonly target: string;
  readonly diffId: Digest;
  readonly limits: LayerLimits;
}

/**
 * Unpacks a layer and checks its diffID; what is in `target` after an error is worthless. `ended` is asked
 * between pieces. Errors: `invalid_argument` for a hostile or damaged layer, `resource_exhausted` for a full disk.
 */
export async function unpackLayer(order: UnpackOrder, ended: () => boolean): Promise<LayerUsage> {
  const hash = hashFor(order.diffId);
  using writer = new LayerWriter(order.target, order.limits);
  const reader = new TarReader(writer);
  let unpacked = 0;
  try {
    for await (const piece of await decompressed(order.source)) {
      if (ended()) throw fail('cancelled', `unpacking layer ${order.diffId} was called off`);
      const bytes = piece as Buffer;
      if (unpacked % spaceInterval < bytes.length) demandSpace(order.target);
      unpacked += bytes.length;
      hash.update(bytes);
      reader.write(bytes);
    }
  } catch (error) {
    // zlib's and zstd's own codes: Z_DATA_ERROR, ZSTD_error_corruption_detected, …
    if (/^Z(_|STD_)/.test(errnoOf(error) ?? ''))
      throw fail('invalid_argument', `layer is damaged: ${messageOf(error)}`, error);
    throw error;
  }
  reader.end();
  const digest = `${order.diffId.slice(0, 6)}:${hash.digest('hex')}`;
  if (digest !== order.diffId)
    throw fail('invalid_argument', `layer has diffID ${digest}, the image's configuration says ${order.diffId}`);
  return writer.finish();
}
