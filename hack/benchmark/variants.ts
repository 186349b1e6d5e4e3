import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { pushImage } from '../../test/fixtures/images/push.ts';
import { buildImage, digestOf } from '../lib/oci/image.ts';
import type { Layer } from '../lib/oci/image.ts';
import { encodeTar } from '../lib/oci/tar.ts';

/** What `sets: ['big']` puts into a registry: 300 MB, 15,000 files, 6 layers. */
const repository = 'bench/big';

/** The name of a variant of the big image in its registry. */
export const variantName = (number: number): string => `${repository}:v${number}`;

/** A file of one block at the head of a tar, whose end marker is left off. */
const oneEntry = 1024;

/**
 * Pushes variants of the big image, each with one more file of its own in every layer: so that it can be pulled again
 * and again without a removal in between, after which ext4 looks for inodes that were not freed lately for minutes.
 */
export async function pushVariants(from: string, to: string, count: number): Promise<void> {
  const blobs = (await layerDigests(from)).map((digest) => download(`${from}/v2/${repository}/blobs/${digest}`));
  const originals = (await Promise.all(blobs)).map((blob) => ({ blob, tar: gunzipSync(blob) }));
  for (let number = 0; number < count; number += 1) {
    const entry = encodeTar([{ kind: 'file', path: 'variant', data: `variant ${number}` }]).subarray(0, oneEntry);
    const layers = originals.map(({ blob, tar }): Layer => {
      const varied = Buffer.concat([gzipSync(entry), blob]);
      const diffId = `sha256:${createHash('sha256').update(entry).update(tar).digest('hex')}`;
      return { blob: varied, digest: digestOf(varied), diffId, compression: 'gzip' };
    });
    await pushImage({ url: to }, variantName(number), buildImage({ layers, config: { Cmd: ['sh'] }, format: 'oci' }));
  }
}

async function layerDigests(from: string): Promise<readonly string[]> {
  const accept = 'application/vnd.oci.image.manifest.v1+json';
  const answer = await fetch(`${from}/v2/${repository}/manifests/1`, { headers: { accept } });
  const { layers } = (await answer.json()) as { readonly layers: readonly { readonly digest: string }[] };
  return layers.map(({ digest }) => digest);
}

async function download(url: string): Promise<Buffer> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`GET ${url} answered ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}
