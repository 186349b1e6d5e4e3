import { fail } from '../../base/errors.ts';
import type { Digest } from './digest.ts';
import { isDigest } from './digest.ts';

/** An image's full name: `docker.io/library/busybox`, then a tag or a digest or both. */
export interface ImageReference {
  /** Host and port as written, `docker.io` where none was. */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

const defaultRegistry = 'docker.io';
const officialNamespace = 'library/';
const longestName = 255;
const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const registryGrammar = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[0-9a-fA-F:.]+\\])(?::[0-9]{1,5})?$`);
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repositoryGrammar = new RegExp(`^${component}(?:/${component})*$`);
const tagGrammar = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/**
 * Parses every form a user writes; a name with neither tag nor digest gets `latest`. Short names mean
 * docker.io, as everywhere in the field (the grammar: distribution's reference package).
 * Errors: `invalid_argument` saying which part is wrong.
 */
export function parseReference(text: string): ImageReference {
  const wrong = (why: string) =>
    fail('invalid_argument', `image reference ${JSON.stringify(text.slice(0, 300))}: ${why}`);
  if (text === '') throw wrong('it is empty');
  const [beforeDigest, digest, ...more] = text.split('@');
  if (more.length > 0 || beforeDigest === undefined) throw wrong('it has more than one @');
  if (digest !== undefined && !isDigest(digest)) throw wrong('its digest is malformed; want sha256:<64 hex digits>');
  const { name, tag } = splitTag(beforeDigest);
  if (tag !== undefined && !tagGrammar.test(tag)) throw wrong('its tag is malformed');
  const { registry, repository } = splitRegistry(name);
  if (!registryGrammar.test(registry)) throw wrong('its registry is not a host name with an optional port');
  if (!repositoryGrammar.test(repository))
    throw wrong('its repository may only have lower-case letters, digits and . _ - between them');
  if (registry.length + repository.length + 1 > longestName) throw wrong(`its name is longer than ${longestName}`);
  if (/^[0-9a-f]{64}$/.test(name)) throw wrong('it looks like an image id; write sha256: before it');
  return { registry, repository, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest };
}

/** The colon of a tag stands after the last slash; one before it belongs to a port. */
function splitTag(text: string): { readonly name: string; readonly tag: string | undefined } {
  const colon = text.indexOf(':', text.lastIndexOf('/') + 1);
  return colon === -1 ? { name: text, tag: undefined } : { name: text.slice(0, colon), tag: text.slice(colon + 1) };
}

/** Whether a name says where its image is. */
export function hasRegistry(name: string): boolean {
  const first = name.slice(0, Math.max(name.indexOf('/'), 0));
  return /[.:A-Z]/.test(first) || first === 'localhost';
}

/** A first part with a dot, a colon, an upper-case letter or the name `localhost` is a host. */
function splitRegistry(name: string): { readonly registry: string; readonly repository: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isHost = hasRegistry(name);
  const registry = !isHost || first === 'index.docker.io' ? defaultRegistry : first;
  const rest = isHost ? name.slice(slash + 1) : name;
  const official = registry === defaultRegistry && !rest.includes('/');
  return { registry, repository: official ? officialNamespace + rest : rest };
}

/** `docker.io/library/busybox` */
export const nameOf = (reference: ImageReference): string => `${reference.registry}/${reference.repository}`;

/** `docker.io/library/busybox:1.36`, what CRI calls a repo tag; undefined without a tag. */
export const tagOf = (reference: ImageReference): string | undefined =>
  reference.tag === undefined ? undefined : `${nameOf(reference)}:${reference.tag}`;

/** `docker.io/library/busybox@sha256:…`, what CRI calls a repo digest. */
export const repoDigest = (reference: ImageReference, digest: Digest): string => `${nameOf(reference)}@${digest}`;

/** The whole reference in its normal form. */
export const formatReference = (reference: ImageReference): string =>
  (tagOf(reference) ?? nameOf(reference)) + (reference.digest === undefined ? '' : `@${reference.digest}`);
