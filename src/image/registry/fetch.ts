import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorFrom, fail } from '../../base/errors.ts';
import { digestOf, isDigest, matches } from '../reference/digest.ts';
import type { Digest } from '../reference/digest.ts';
import { discard, readBody } from './http.ts';
import type { HttpAnswer } from './http.ts';
import { acceptedManifests, checked, indexSchema, parseJson } from './manifest.ts';
import type { Descriptor } from './manifest.ts';
import { Download } from './download.ts';
import type { DownloadWatch } from './download.ts';
import type { RegistrySession } from './session.ts';

const maxManifest = 4 << 20;
const maxConfig = 8 << 20;

export interface RawManifest {
  readonly bytes: Buffer;
  readonly digest: Digest;
  readonly mediaType: string;
}

/** Fetches a manifest by tag or digest. Errors: `not_found`, `invalid_argument` for a body that is another one. */
export async function fetchManifest(session: RegistrySession, name: string, signal: AbortSignal): Promise<RawManifest> {
  const expected = isDigest(name) ? name : undefined;
  const about = `manifest ${name} of ${session.reference.repository}`;
  const capability = expected === undefined ? 'resolve' : 'pull';
  const query = { path: `manifests/${name}`, headers: { accept: acceptedManifests }, capability } as const;
  const use = async (answer: HttpAnswer): Promise<RawManifest> => {
    const bytes = await readBody(answer, maxManifest, about, signal);
    if (expected !== undefined && !matches(expected, bytes)) throw wrongDigest(about);
    return { bytes, digest: expected ?? digestOf(bytes), mediaType: answer.headers['content-type'] ?? '' };
  };
  return session.ask(query, use, signal);
}

/**
 * The digest that a name has at the registry, without its content. Undefined where the registry does not say it, or
 * says another than was asked for. Errors: `not_found`, `unauthenticated`, `permission_denied`, `unavailable`, …
 */
export async function askDigest(
  session: RegistrySession,
  name: string,
  signal: AbortSignal,
): Promise<Digest | undefined> {
  const capability = name.includes(':') ? 'pull' : 'resolve';
  const headers = { accept: acceptedManifests };
  const query = { method: 'HEAD', path: `manifests/${name}`, headers, capability } as const;
  const use = async (answer: HttpAnswer): Promise<Digest | undefined> => {
    discard(answer);
    if (isDigest(name)) return name;
    const said = answer.headers['docker-content-digest'];
    return typeof said === 'string' && isDigest(said) ? said : undefined;
  };
  return session.ask(query, use, signal);
}

/** Fetches an image's configuration, at most 8 MiB. */
export async function fetchConfig(session: RegistrySession, wanted: Descriptor, signal: AbortSignal): Promise<Buffer> {
  if (wanted.size > maxConfig)
    throw fail(
      'resource_exhausted',
      `configuration ${wanted.digest} has ${wanted.size} bytes; at most ${maxConfig} are taken`,
    );
  return fetchBlob(session, wanted, 'configuration', signal);
}

/** Fetches a small blob into memory: as many bytes as its descriptor says, whose limit is the caller's matter. */
export async function fetchBlob(
  session: RegistrySession,
  wanted: Descriptor,
  what: string,
  signal: AbortSignal,
): Promise<Buffer> {
  const about = `${what} ${wanted.digest}`;
  const use = async (answer: HttpAnswer) => {
    const bytes = await readBody(answer, wanted.size, about, signal);
    if (!matches(wanted.digest, bytes)) throw wrongDigest(about);
    return bytes;
  };
  return session.ask(blobQuery(wanted.digest, 0), use, signal);
}

/**
 * What refers to a manifest (OCI distribution 1.1, "Listing Referrers"): by the API, else by the tag that stands for
 * it in older registries. Errors: `not_found` where the registry has neither.
 */
export async function fetchReferrers(
  session: RegistrySession,
  digest: Digest,
  signal: AbortSignal,
): Promise<readonly Descriptor[]> {
  const about = `referrers of ${digest}`;
  const headers = { accept: 'application/vnd.oci.image.index.v1+json' };
  const query = { path: `referrers/${digest}`, headers, capability: 'pull' } as const;
  const use = async (answer: HttpAnswer) =>
    checked(indexSchema, parseJson(await readBody(answer, maxManifest, about, signal), about), about).manifests;
  try {
    return await session.ask(query, use, signal);
  } catch (error) {
    // Older registries say it in different ways: 404, 405, 400.
    if (!['not_found', 'failed_precondition'].includes(errorFrom(error).code)) throw error;
    const { bytes } = await fetchManifest(session, digest.replace(':', '-'), signal);
    return checked(indexSchema, parseJson(bytes, about), about).manifests;
  }
}

const wrongDigest = (about: string) => fail('invalid_argument', `${about}: the content does not have that digest`);

const blobQuery = (digest: Digest, offset: number) =>
  ({
    path: `blobs/${digest}`,
    headers: offset > 0 ? { range: `bytes=${offset}-` } : {},
    capability: 'pull',
  }) as const;

/** Connections that break off this often with next to nothing in between end a download. */
const fruitlessAttempts = 4;
const fruitfulBytes = 64 * 1024;

/**
 * Downloads a blob into a file and checks size and digest on the way. What the file holds already is taken for
 * the beginning of the blob; a connection that breaks off is taken up again where it ended, as long as each
 * attempt brings something.
 */
export async function downloadBlob(
  session: RegistrySession,
  wanted: Descriptor,
  into: { readonly path: string; readonly watch: DownloadWatch },
  signal: AbortSignal,
): Promise<void> {
  await using file = await open(into.path, 'a+', 0o600);
  const download = new Download(file, wanted, dirname(into.path), into.watch);
  await download.resume();
  let resumed = download.received > 0;
  for (let fruitless = 0; !download.complete;) {
    const before = download.received;
    try {
      const take = (answer: HttpAnswer) => download.take(answer, signal);
      await session.ask(blobQuery(wanted.digest, before), take, signal);
    } catch (error) {
      fruitless = download.received >= before + fruitfulBytes ? 0 : fruitless + 1;
      const { code } = errorFrom(error);
      // What an earlier attempt left may be what was wrong.
      if (resumed && code === 'invalid_argument') {
        resumed = false;
        continue;
      }
      if (code !== 'unavailable' || signal.aborted || fruitless >= fruitlessAttempts) throw error;
    }
  }
}
