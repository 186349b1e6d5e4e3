import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { errorFrom, fail, messageOf } from '../../base/errors.ts';
import type { CricketError } from '../../base/errors.ts';
import { formatReference } from '../reference/parse.ts';
import { fetchBlob, fetchManifest, fetchReferrers } from '../registry/fetch.ts';
import type { Descriptor } from '../registry/manifest.ts';
import type { RegistrySession } from '../registry/session.ts';
import { bundleSigns, payloadSigns } from './cosign.ts';
import { refused } from './policy.ts';
import { parseSignatureManifest, signatureAnnotation } from './signature-manifest.ts';

/** Signatures that are looked at: who signs more often has another problem. */
const mostSignatures = 64;
const largestSignature = 1 << 20;

const payloadType = 'application/vnd.dev.cosign.simplesigning.v1+json';
const bundleType = /^application\/vnd\.dev\.sigstore\.bundle(\.v0\.3)?\+json/;
/** Of manifests that refer to an image to sign it: cosign's older and newer form. */
const isSignature = (type: string) =>
  type === 'application/vnd.dev.cosign.artifact.sig.v1+json' || type === payloadType || bundleType.test(type);

/**
 * Demands a signature of the image by one of the keys, found under the tag `sha256-….sig` or among the image's
 * referrers (OCI distribution 1.1), and checks it here: no transparency log is asked. The name that a signature was
 * made for does not count, so that an image may be mirrored. Errors: a refusal; `failed_precondition` for a key file;
 * `unavailable` when the registry cannot be asked.
 */
export async function demandSignature(
  keyFiles: readonly string[],
  session: RegistrySession,
  image: Descriptor,
  signal: AbortSignal,
): Promise<void> {
  const keys = await Promise.all(keyFiles.map(readKey));
  let seen = 0;
  for await (const manifest of signatureManifests(session, image, signal)) {
    for (const layer of parseSignatureManifest(manifest)) {
      if (seen >= mostSignatures) break;
      seen += 1;
      if (await signs(layer, { keys, session, image }, signal)) return;
    }
  }
  const found = seen === 0 ? 'it has no signature' : `none of its ${seen} signatures is by a key of the policy`;
  throw refused(`${formatReference(session.reference)} (${image.digest}): ${found}`);
}

interface Question {
  readonly keys: readonly KeyObject[];
  readonly session: RegistrySession;
  readonly image: Descriptor;
}

async function signs(layer: Descriptor, { keys, session, image }: Question, signal: AbortSignal): Promise<boolean> {
  const signature = layer.annotations?.[signatureAnnotation];
  const isPayload = layer.mediaType === payloadType && signature !== undefined;
  if (!isPayload && !bundleType.test(layer.mediaType)) return false;
  if (layer.size > largestSignature) return false;
  const bytes = await absentAs(undefined, fetchBlob(session, layer, 'signature', signal));
  if (bytes === undefined) return false;
  return isPayload ? payloadSigns(bytes, signature, image.digest, keys) : bundleSigns(bytes, image.digest, keys);
}

/** First those of the tag: there nearly all are. */
async function* signatureManifests(
  session: RegistrySession,
  image: Descriptor,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const tag = image.digest.replace(':', '-');
  const tagged = await absentAs(undefined, fetchManifest(session, `${tag}.sig`, signal));
  if (tagged !== undefined) yield tagged.bytes;
  const referrers = await absentAs([], fetchReferrers(session, image.digest, signal));
  for (const { digest, artifactType = '' } of referrers.slice(0, mostSignatures)) {
    if (!isSignature(artifactType)) continue;
    const manifest = await absentAs(undefined, fetchManifest(session, digest, signal));
    if (manifest !== undefined) yield manifest.bytes;
  }
}

/** What is not there, or is not what it should be, is no signature; trouble with the registry is an error. */
async function absentAs<T>(otherwise: T, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    const error: CricketError = errorFrom(thrown);
    if (['not_found', 'invalid_argument', 'resource_exhausted', 'failed_precondition'].includes(error.code))
      return otherwise;
    throw error;
  }
}

async function readKey(file: string): Promise<KeyObject> {
  try {
    return createPublicKey(await readFile(file));
  } catch (error) {
    throw fail('failed_precondition', `key ${file} is no public key in PEM form: ${messageOf(error)}`, error);
  }
}
