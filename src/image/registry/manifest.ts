import { z } from 'zod';
import { fail, messageOf } from '../../base/errors.ts';
import { isDigest } from '../reference/digest.ts';
import type { Digest } from '../reference/digest.ts';

const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
] as const;
const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
] as const;

/** What to ask a registry for. */
export const acceptedManifests = [...indexTypes, ...manifestTypes].join(', ');

const configTypes = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
  // What some old builders wrote for an image's configuration.
  'application/octet-stream',
];

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'is not a digest');
const platform = z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() });
export const descriptorSchema = z.object({
  mediaType: z.string().default(''),
  digest,
  size: z.number().int().nonnegative(),
  platform: platform.nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
  artifactType: z.string().optional(),
});

/** Where to find something and what it must be: its digest and its size in bytes. */
export type Descriptor = z.infer<typeof descriptorSchema>;
export type Platform = z.infer<typeof platform>;

/** More layers than overlayfs can stack, more platforms than exist: nobody means that well. */
const maxLayers = 500;
const maxEntries = 1000;

const manifestSchema = z.object({
  schemaVersion: z.literal(2),
  config: descriptorSchema,
  layers: z.array(descriptorSchema).max(maxLayers).nullish(),
  artifactType: z.string().min(1).nullish().catch(undefined),
});
export const indexSchema = z.object({
  schemaVersion: z.literal(2),
  manifests: z.array(descriptorSchema).max(maxEntries),
});

export interface Manifest {
  readonly kind: 'manifest';
  /** What it says it is, or must be. */
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  /** What an artifact is; '' for an image. */
  readonly artifactType: string;
}
export interface ManifestIndex {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
}

/**
 * Reads a manifest or an index. The body's own media type decides, the transport's only where the body has
 * none. Errors: `invalid_argument` for anything else, `unimplemented` for Docker's schema 1.
 */
export function parseManifest(bytes: Uint8Array, transportType: string, about: string): Manifest | ManifestIndex {
  const raw = parseJson(bytes, about);
  if (!isRecord(raw)) throw fail('invalid_argument', `manifest of ${about} is not an object`);
  if (raw.schemaVersion === 1)
    throw fail('unimplemented', `manifest of ${about} is Docker's schema 1; push the image again with a newer client`);
  const stated = typeof raw.mediaType === 'string' ? raw.mediaType : (transportType.split(';')[0] ?? '').trim();
  const isIndex = includes(indexTypes, stated) || (!includes(manifestTypes, stated) && 'manifests' in raw);
  // A body that is both would be read differently by different clients (OCI distribution, CVE-2021-41190).
  if ('manifests' in raw && ('layers' in raw || 'config' in raw))
    throw fail('invalid_argument', `manifest of ${about} is an index and a manifest at once`);
  const mediaType = stated === '' ? (isIndex ? indexTypes : manifestTypes)[0] : stated;
  if (isIndex) return { kind: 'index', mediaType, manifests: checked(indexSchema, raw, about).manifests };
  const { config, layers, artifactType } = checked(manifestSchema, raw, about);
  const isImage = config.mediaType === '' || configTypes.includes(config.mediaType);
  return {
    ...{ kind: 'manifest', mediaType, config, layers: layers ?? [] },
    artifactType: isImage ? '' : (artifactType ?? config.mediaType),
  };
}

export function parseJson(bytes: Uint8Array, about: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw fail('invalid_argument', `${about}: the registry's answer is not JSON: ${messageOf(error)}`, error);
  }
}

const includes = (types: readonly string[], type: string) => types.includes(type);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function checked<T>(schema: z.ZodType<T>, raw: unknown, about: string): T {
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw fail('invalid_argument', `${about} is damaged: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
