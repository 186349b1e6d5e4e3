import { createHash } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { buildTime, encodeTar, type TarEntry } from './tar.ts';

/** Images as values: layers, config, manifests and, for several platforms, an index. Bytes depend on the input alone. */

export type Compression = 'none' | 'gzip' | 'zstd';
export type Format = 'docker' | 'oci';

export interface Layer {
  /** Digest of the uncompressed tar. */
  readonly diffId: string;
  readonly digest: string;
  readonly blob: Buffer;
  readonly compression: Compression;
}

/** The part of an image config that a container inherits, spelled as in the JSON. */
export interface ImageConfig {
  readonly User?: string;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly WorkingDir?: string;
  readonly StopSignal?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Volumes?: Readonly<Record<string, object>>;
}

export interface ImageDocument {
  readonly mediaType: string;
  readonly digest: string;
  readonly body: Buffer;
}

export interface BuiltImage {
  /** What a tag points at: an index when there are several platforms, else the manifest. */
  readonly root: ImageDocument;
  /** The manifests of an index. */
  readonly manifests: readonly ImageDocument[];
  /** Configs and layers by digest. */
  readonly blobs: ReadonlyMap<string, Buffer>;
  /** Digest of the config for this machine: the image id that CRI shows. */
  readonly id: string;
}

export interface ImagePlan {
  readonly layers: readonly Layer[];
  readonly config?: ImageConfig;
  readonly format?: Format;
  /** More than one makes an index; each platform gets the same layers. */
  readonly architectures?: readonly string[];
}

/** This machine's architecture in the spelling of image configs. */
export const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const created = new Date(buildTime * 1000).toISOString();

const mediaTypes = {
  docker: {
    index: 'application/vnd.docker.distribution.manifest.list.v2+json',
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    config: 'application/vnd.docker.container.image.v1+json',
    layer: 'application/vnd.docker.image.rootfs.diff.tar',
    suffix: { none: '', gzip: '.gzip', zstd: '.zstd' },
  },
  oci: {
    index: 'application/vnd.oci.image.index.v1+json',
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    config: 'application/vnd.oci.image.config.v1+json',
    layer: 'application/vnd.oci.image.layer.v1.tar',
    suffix: { none: '', gzip: '+gzip', zstd: '+zstd' },
  },
} as const;

export function digestOf(data: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

/** Makes a layer of tar entries. */
export function packLayer(entries: Iterable<TarEntry>, compression: Compression = 'gzip'): Layer {
  const tar = encodeTar(entries);
  const blob = compress(tar, compression);
  return { diffId: digestOf(tar), digest: digestOf(blob), blob, compression };
}

function compress(tar: Buffer, compression: Compression): Buffer {
  if (compression === 'none') return tar;
  return compression === 'gzip' ? gzipSync(tar, { level: 6 }) : zstdCompressSync(tar);
}

/** Puts config, manifests and index around layers. */
export function buildImage(plan: ImagePlan): BuiltImage {
  const format = plan.format ?? 'docker';
  const architectures = plan.architectures ?? [architecture];
  const blobs = new Map(plan.layers.map((layer) => [layer.digest, layer.blob]));
  const perPlatform = architectures.map((arch) => {
    const config = encodeConfig(plan, arch);
    const configDigest = digestOf(config);
    blobs.set(configDigest, config);
    return { arch, configDigest, manifest: encodeManifest(plan.layers, config, format) };
  });
  const own = perPlatform.find((entry) => entry.arch === architecture) ?? perPlatform[0];
  if (own === undefined) throw new RangeError('an image needs a platform');
  const manifests = perPlatform.map((entry) => entry.manifest);
  if (manifests.length === 1) return { root: own.manifest, manifests: [], blobs, id: own.configDigest };
  const index = {
    schemaVersion: 2,
    mediaType: mediaTypes[format].index,
    manifests: perPlatform.map(({ arch, manifest }) => ({
      ...descriptor(manifest.mediaType, manifest.body),
      platform: { architecture: arch, os: 'linux' },
    })),
  };
  return { root: documentOf(index), manifests, blobs, id: own.configDigest };
}

function encodeConfig(plan: ImagePlan, arch: string): Buffer {
  return Buffer.from(
    JSON.stringify({
      architecture: arch,
      os: 'linux',
      created,
      config: { Env: [path], ...plan.config },
      rootfs: { type: 'layers', diff_ids: plan.layers.map((layer) => layer.diffId) },
      history: plan.layers.map((_, i) => ({ created, created_by: `layer ${String(i)}` })),
    }),
  );
}

function encodeManifest(layers: readonly Layer[], config: Buffer, format: Format): ImageDocument {
  const types = mediaTypes[format];
  return documentOf({
    schemaVersion: 2,
    mediaType: types.manifest,
    config: descriptor(types.config, config),
    layers: layers.map((layer) => descriptor(types.layer + types.suffix[layer.compression], layer.blob)),
  });
}

interface Document {
  readonly mediaType: string;
  readonly [field: string]: unknown;
}

function documentOf(content: Document): ImageDocument {
  const body = Buffer.from(JSON.stringify(content));
  return { mediaType: content.mediaType, digest: digestOf(body), body };
}

function descriptor(mediaType: string, body: Buffer): { mediaType: string; size: number; digest: string } {
  return { mediaType, size: body.length, digest: digestOf(body) };
}
