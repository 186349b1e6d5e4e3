import { encodeTar, type TarEntry } from './tar.ts';
import type { BuiltImage, ImageDocument } from './image.ts';

/**
 * An OCI image layout as a tar. `reference` (`docker.io/cricket/demo:latest`) is written as containerd and skopeo read it:
 * the full name under containerd's annotation, the tag under OCI's.
 */
export function ociArchive(image: BuiltImage, reference: string): Buffer {
  const tag = reference.slice(reference.lastIndexOf(':') + 1);
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        mediaType: image.root.mediaType,
        size: image.root.body.length,
        digest: image.root.digest,
        annotations: { 'io.containerd.image.name': reference, 'org.opencontainers.image.ref.name': tag },
      },
    ],
  };
  return encodeTar([
    { kind: 'file', path: 'oci-layout', data: JSON.stringify({ imageLayoutVersion: '1.0.0' }) },
    { kind: 'file', path: 'index.json', data: JSON.stringify(index) },
    { kind: 'dir', path: 'blobs' },
    { kind: 'dir', path: 'blobs/sha256' },
    ...blobFiles(image),
  ]);
}

function blobFiles(image: BuiltImage): TarEntry[] {
  const documents = [image.root, ...image.manifests].map((d): [string, Buffer] => [d.digest, d.body]);
  return [...new Map([...documents, ...image.blobs])]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([digest, data]) => ({ kind: 'file', path: `blobs/${digest.replace(':', '/')}`, data }));
}

/** The archive of `docker save`: manifest.json names the config and the layers, which stand there as plain tars or gzipped. */
export function dockerArchive(image: BuiltImage, references: readonly string[]): Buffer {
  const manifest = parseManifest(image.manifests[0] ?? image.root);
  const name = (digest: string, suffix: string): string => digest.replace('sha256:', '') + suffix;
  const files = [
    { digest: manifest.config.digest, path: name(manifest.config.digest, '.json') },
    ...manifest.layers.map(({ digest }) => ({ digest, path: name(digest, '.tar') })),
  ];
  const entry = {
    Config: files[0]?.path,
    RepoTags: references,
    Layers: files.slice(1).map((file) => file.path),
  };
  return encodeTar([
    ...files.map((f): TarEntry => ({ kind: 'file', path: f.path, data: image.blobs.get(f.digest) ?? '' })),
    { kind: 'file', path: 'manifest.json', data: JSON.stringify([entry]) },
  ]);
}

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}

function parseManifest(document: ImageDocument): Manifest {
  return JSON.parse(document.body.toString()) as Manifest;
}
