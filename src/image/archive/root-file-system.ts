import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { fail } from '../../base/errors.ts';
import { digestOf, parseDigest } from '../reference/digest.ts';
import { parseReference, tagOf } from '../reference/parse.ts';
import type { Platform } from '../registry/manifest.ts';
import type { ArchivedImage } from './archived-image.ts';

/**
 * A plain tar of a root file system as an image of one layer, as `docker import` makes it: it says nothing of what to
 * run. Errors: `invalid_argument` without a name, which nothing else could give it.
 */
export async function rootFileSystemImage(file: string, name: string, platform: Platform): Promise<ArchivedImage> {
  const tag = name === '' ? undefined : tagOf(parseReference(name));
  if (tag === undefined)
    throw fail('invalid_argument', 'a root file system needs a name with a tag; give it with --name');
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  const diffId = parseDigest(`sha256:${hash.digest('hex')}`);
  const { size } = await stat(file);
  const created = new Date().toISOString();
  const config = {
    created,
    ...{ architecture: platform.architecture, os: platform.os },
    ...(platform.variant !== undefined && { variant: platform.variant }),
    config: {},
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created, created_by: 'cricket images import --rootfs', comment: 'root file system' }],
  };
  const bytes = Buffer.from(JSON.stringify(config));
  return {
    about: tag,
    tags: [tag],
    digests: [],
    config: { digest: digestOf(bytes), bytes },
    manifests: [],
    layers: [{ file, offset: 0, size }],
  };
}
