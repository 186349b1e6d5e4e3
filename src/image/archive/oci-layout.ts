import { fail } from '../../base/errors.ts';
import type { FileRange } from '../layers/decompress.ts';
import { matches } from '../reference/digest.ts';
import { parseReference, repoDigest, tagOf } from '../reference/parse.ts';
import type { ImageReference } from '../reference/parse.ts';
import { parseManifest } from '../registry/manifest.ts';
import type { Descriptor, Platform } from '../registry/manifest.ts';
import { choosePlatform } from '../registry/platform.ts';
import type { ArchivedImage } from './archived-image.ts';
import { readMember } from './tar-index.ts';

const maxJson = 8 << 20;
const deepestIndex = 3;

/** The images of an OCI layout (image-layout.md of OCI). Errors: `invalid_argument`. */
export async function layoutImages(
  files: ReadonlyMap<string, FileRange>,
  platform: Platform,
): Promise<readonly ArchivedImage[]> {
  if (!files.has('index.json')) throw fail('invalid_argument', 'it is neither an OCI layout nor a docker save archive');
  const bytes = await readMember(files, 'index.json', maxJson);
  const index = parseManifest(bytes, 'application/vnd.oci.image.index.v1+json', 'index.json of the archive');
  if (index.kind !== 'index') throw fail('invalid_argument', 'index.json of the archive is no index');
  return Promise.all(index.manifests.map((descriptor) => readImage(files, descriptor, platform)));
}

async function readImage(
  files: ReadonlyMap<string, FileRange>,
  top: Descriptor,
  platform: Platform,
): Promise<ArchivedImage> {
  const reference = nameOf(top);
  let descriptor = top;
  const manifests: { digest: Descriptor['digest']; bytes: Buffer }[] = [];
  for (let depth = 0; depth <= deepestIndex; depth += 1) {
    const bytes = await readBlob(files, descriptor);
    manifests.push({ digest: descriptor.digest, bytes });
    const parsed = parseManifest(bytes, descriptor.mediaType, descriptor.digest);
    if (parsed.kind === 'index') {
      descriptor = choosePlatform(parsed.manifests, platform, descriptor.digest);
      continue;
    }
    if (parsed.artifactType !== '')
      throw fail(
        'invalid_argument',
        `${top.digest} is no container image but an artifact (${parsed.artifactType}); push it to a registry and pull it`,
      );
    const tag = reference === undefined ? undefined : tagOf(reference);
    return {
      about: tag ?? top.digest,
      tags: tag === undefined ? [] : [tag],
      digests: reference === undefined ? [] : [repoDigest(reference, top.digest)],
      config: { digest: parsed.config.digest, bytes: await readBlob(files, parsed.config) },
      manifests,
      layers: parsed.layers.map((layer) => rangeOf(files, layer)),
    };
  }
  throw fail('invalid_argument', `index ${top.digest} leads through too many others`);
}

/** containerd's annotation holds a whole name; OCI's often just a tag, which names nothing by itself. */
function nameOf(descriptor: Descriptor): ImageReference | undefined {
  const whole = descriptor.annotations?.['io.containerd.image.name'];
  if (whole !== undefined) return parseReference(whole);
  const text = descriptor.annotations?.['org.opencontainers.image.ref.name'];
  return text !== undefined && /[:/]/.test(text) ? parseReference(text) : undefined;
}

function rangeOf(files: ReadonlyMap<string, FileRange>, { digest }: Descriptor): FileRange {
  const range = files.get(`blobs/${digest.replace(':', '/')}`);
  if (range === undefined) throw fail('invalid_argument', `the archive has no blob ${digest}`);
  return range;
}

async function readBlob(files: ReadonlyMap<string, FileRange>, descriptor: Descriptor): Promise<Buffer> {
  const bytes = await readMember(files, `blobs/${descriptor.digest.replace(':', '/')}`, maxJson);
  if (!matches(descriptor.digest, bytes)) throw fail('invalid_argument', `blob ${descriptor.digest} has other content`);
  return bytes;
}
