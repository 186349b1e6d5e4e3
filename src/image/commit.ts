import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { during, fail } from '../base/errors.ts';
import type { ImageId } from '../base/ids.ts';
import { assembleImage } from './assemble.ts';
import type { AssemblyDeps, ImageSource } from './assemble.ts';
import { changed } from './commit-changes.ts';
import type { RunConfig } from './commit-changes.ts';
import type { Image } from './image.ts';
import type { LayerLimits } from './layers/layer-writer.ts';
import { Meter } from './layers/meter.ts';
import { unpackInPool } from './layers/pool.ts';
import { digestOf, parseDigest } from './reference/digest.ts';
import { nameOf, parseReference, tagOf } from './reference/parse.ts';

export interface CommitOrder {
  readonly base: ImageId;
  /** '' for an image without a name. */
  readonly name: string;
  readonly upper: string;
  readonly leaveOut: readonly string[];
  /** Instructions of a Dockerfile: see commit-changes.ts. */
  readonly changes: readonly string[];
  readonly author: string;
  readonly message: string;
  /** What the step is called in the history. */
  readonly createdBy: string;
}

export interface CommitDeps extends AssemblyDeps {
  readonly ingest: string;
  readonly limits: LayerLimits;
  /** Called when the directory is read and may be written again. */
  readonly read: () => Promise<void>;
}

const configuration = z.looseObject({
  config: z.looseObject({}).nullish(),
  rootfs: z.looseObject({ diff_ids: z.array(z.string()).nullish() }).nullish(),
  history: z.array(z.unknown()).nullish(),
});

/**
 * An image of another one's layers and what a writable directory has on top. After an error nothing of it is left.
 * Errors: those of `packUpper`, `invalid_argument` for a name or a change.
 */
export async function commitImage(order: CommitOrder, deps: CommitDeps, signal: AbortSignal): Promise<Image> {
  const tags = tagsOf(order.name);
  const { bytes, diffIds } = await deps.catalog.config(order.base);
  const base = configuration.parse(JSON.parse(bytes.toString('utf8')));
  const config = order.changes.reduce<RunConfig>(changed, base.config ?? {});
  const file = join(deps.ingest, `${randomUUID()}.commit`);
  try {
    const packed = await deps.pool.call('packUpper', { upper: order.upper, leaveOut: order.leaveOut, file }, signal);
    await deps.read();
    const created = new Date().toISOString();
    const step = { created, created_by: order.createdBy, author: order.author, comment: order.message };
    const { container_config: _ofABuild, container: _too, ...kept } = base;
    const text = JSON.stringify({
      ...kept,
      created,
      ...(order.author !== '' && { author: order.author }),
      config,
      rootfs: { type: 'layers', diff_ids: [...diffIds, packed.diffId] },
      history: [...(base.history ?? []), step],
    });
    const content = Buffer.from(text);
    const source: ImageSource = {
      about: order.name === '' ? 'commit' : order.name,
      ...{ tags, digests: [], manifests: [], layerCount: diffIds.length + 1 },
      config: { digest: digestOf(content), bytes: content },
      async unpack(index, diffId, target, until) {
        if (index < diffIds.length)
          throw fail('failed_precondition', `layer ${diffId} of its image is gone; pull it again`);
        const layer = { source: { file, offset: 0, size: packed.size }, target, diffId: parseDigest(packed.diffId) };
        return unpackInPool(deps.pool, { ...layer, limits: deps.limits }, new Meter(packed.size), until);
      },
    };
    return await assembleImage(source, deps, signal);
  } catch (error) {
    throw during('commit', error);
  } finally {
    await rm(file, { force: true });
  }
}

function tagsOf(name: string): readonly string[] {
  if (name === '') return [];
  const reference = parseReference(name);
  const tag = tagOf(reference);
  if (tag === undefined || reference.digest !== undefined)
    throw fail(
      'invalid_argument',
      `image name ${name}: a digest cannot be given; name a tag such as ${nameOf(reference)}:1`,
    );
  return [tag];
}
