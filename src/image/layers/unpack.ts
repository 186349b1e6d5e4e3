import { letGo } from '../../base/buffers.ts';
import { fail } from '../../base/errors.ts';
import { hashFor } from '../reference/digest.ts';
import type { Digest } from '../reference/digest.ts';
import type { FileRange } from './decompress.ts';
import { decompressed, unpackError } from './decompress.ts';
import { Expansion } from './expansion.ts';
import { LayerWriter } from './layer-writer.ts';
import type { LayerLimits, LayerUsage } from './layer-writer.ts';
import { isCalledOff } from './meter.ts';
import { TarRecorder } from './tar-record.ts';
import { TarReader } from './tar-reader.ts';
import { rememberTree } from './tree-digest.ts';

/** One layer to unpack: `target` is an empty directory, `diffId` the digest its uncompressed bytes must have. */
export interface UnpackOrder {
  readonly source: FileRange;
  readonly target: string;
  readonly diffId: Digest;
  readonly limits: LayerLimits;
}

/**
 * Unpacks a layer and checks its diffID; what is in `target` after an error is worthless. `meter` says how much of
 * the source is there, or calls the work off between two pieces. Errors: `invalid_argument` for a hostile or damaged
 * layer, `resource_exhausted` for one that is too large or a full disk.
 */
export async function unpackLayer(order: UnpackOrder, meter: BigInt64Array): Promise<LayerUsage> {
  const { source, diffId, limits } = order;
  const hash = hashFor(diffId);
  using writer = new LayerWriter(order.target, limits);
  using recorder = new TarRecorder(writer, order.target);
  const reader = new TarReader(recorder);
  const expansion = new Expansion(order.target, source.size, limits.maxExpansion);
  try {
    for await (const piece of await decompressed(source, meter)) {
      if (isCalledOff(meter)) throw fail('cancelled', `unpacking layer ${diffId} was called off`);
      const bytes = piece as Buffer;
      expansion.count(bytes.length, 'layer');
      hash.update(bytes);
      recorder.feed(bytes, reader);
      letGo(bytes);
    }
  } catch (error) {
    throw unpackError('layer', error);
  }
  reader.end();
  const digest = `${diffId.slice(0, 6)}:${hash.digest('hex')}`;
  if (digest !== diffId)
    throw fail('invalid_argument', `layer has diffID ${digest}, the image's configuration says ${diffId}`);
  const recorded = recorder.finish();
  const usage = writer.finish();
  if (!recorded) rememberTree(order.target);
  return usage;
}
