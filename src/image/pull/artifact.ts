import { fail } from '../../base/errors.ts';
import type { ImageSource } from '../assemble.ts';
import type { Content } from '../catalog.ts';
import { artifactKey } from '../config.ts';
import { cleanEntryPath, joinPath } from '../layers/entry-path.ts';
import { digestOf } from '../reference/digest.ts';
import type { Digest } from '../reference/digest.ts';
import { formatReference, repoDigest, tagOf } from '../reference/parse.ts';
import type { Descriptor, Manifest } from '../registry/manifest.ts';
import { fetchFile } from './layer.ts';
import type { LayerFetch } from './layer.ts';

export interface FoundManifest {
  readonly manifest: Manifest;
  /** What the reference resolved to: an index where there is one. */
  readonly top: Descriptor;
  /** It and all that leads to the manifest. */
  readonly contents: readonly Content[];
}

const titleKey = 'org.opencontainers.image.title';

/**
 * An artifact (image-spec manifest.md, "Guidelines for Artifact Usage") as an image that can only be mounted: each of
 * its blobs is a layer with one file, named by its title or, without one, by its digest. Its id is that of a
 * configuration which we write, as its own says nothing of it and many have the same.
 * Errors: `invalid_argument` for a title that leads out of the volume or is at the place of another.
 */
export function artifactSource(
  { session, deps, tracker }: Omit<LayerFetch, 'order'>,
  { manifest, top, contents }: FoundManifest,
): ImageSource {
  const { reference } = session;
  const about = `artifact ${formatReference(reference)}`;
  const files = manifest.layers.map((descriptor) => ({ descriptor, name: nameOf(descriptor, about) }));
  demandDistinct(
    files.map(({ name }) => name),
    about,
  );
  const bytes = Buffer.from(
    JSON.stringify({
      [artifactKey]: manifest.artifactType,
      rootfs: { type: 'layers', diff_ids: files.map(layerId) },
      history: files.map(({ name }) => ({ created_by: name })),
    }),
  );
  const tag = reference.digest === undefined ? tagOf(reference) : undefined;
  return {
    about,
    tags: tag === undefined ? [] : [tag],
    digests: [repoDigest(reference, top.digest)],
    config: { digest: digestOf(bytes), bytes },
    manifests: contents,
    layerCount: files.length,
    settled: (index) => tracker.enter(index, 'here'),
    unpack: (index, diffId, target, until) => {
      const file = files[index];
      if (file === undefined) throw fail('internal', `${about} has no file ${index}`);
      const order = { descriptor: file.descriptor, diffId, target, index };
      return fetchFile({ session, deps, order, tracker }, file.name, until);
    },
  };
}

/** One file must not hide another. */
function demandDistinct(names: readonly string[], about: string): void {
  const sorted = names.map((name) => `${name}/`).sort();
  const hidden = sorted.find((name, index) => sorted[index + 1]?.startsWith(name));
  if (hidden !== undefined)
    throw fail('invalid_argument', `${about} has two files at ${JSON.stringify(hidden.slice(0, -1))}`);
}

/** The same blob under another name is another layer. */
const layerId = ({ descriptor, name }: { readonly descriptor: Descriptor; readonly name: string }): Digest =>
  digestOf(Buffer.from(JSON.stringify(['file of an artifact', descriptor.digest, name])));

function nameOf({ annotations, digest }: Descriptor, about: string): string {
  const title = annotations?.[titleKey] ?? '';
  if (title.includes('\0')) throw fail('invalid_argument', `${about} has a file with a NUL in its name`);
  const path = cleanEntryPath(title === '' ? digest.replace(':', '-') : title);
  if (path === undefined)
    throw fail('invalid_argument', `${about} has a file without a name: ${JSON.stringify(title)}`);
  return joinPath(path.directory, path.name);
}
