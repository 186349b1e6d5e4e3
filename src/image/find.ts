import { CricketError, fail } from '../base/errors.ts';
import { isDigest } from './reference/digest.ts';
import { repoDigest, tagOf } from './reference/parse.ts';
import type { ImageReference } from './reference/parse.ts';
import { candidatesOf } from './reference/short-names.ts';
import type { ImageRecord } from './store/image-record.ts';

/** What `crictl` shows of an id is a beginning of the hex digits; fewer would be a guess. */
const idGrammar = /^(?:sha256:)?([0-9a-f]{1,64})$/;

/**
 * The image that a text names: an id; else a reference by its digest or its tag, a short one in the registries that
 * are searched; else a beginning of exactly
 * one id. Undefined when there is none. Errors: `invalid_argument` when several ids begin so, or for a text
 * that can name nothing.
 */
export function findRecord(
  text: string,
  records: readonly ImageRecord[],
  searchRegistries: readonly string[],
): ImageRecord | undefined {
  if (isDigest(text)) return records.find(({ id }) => String(id) === text);
  const references = tryParse(text, searchRegistries);
  const named =
    references instanceof CricketError
      ? undefined
      : references.map((reference) => findNamed(reference, records)).find((record) => record !== undefined);
  if (named !== undefined) return named;
  const digits = idGrammar.exec(text)?.[1];
  if (digits === undefined) {
    if (references instanceof CricketError) throw references;
    return undefined;
  }
  const [match, ...others] = records.filter((record) => record.id.startsWith(`sha256:${digits}`));
  if (others.length > 0)
    throw fail(
      'invalid_argument',
      `image id ${text} is ambiguous: ${others.length + 1} images begin so; write more of it`,
    );
  return match;
}

function findNamed(reference: ImageReference, records: readonly ImageRecord[]): ImageRecord | undefined {
  if (reference.digest !== undefined) {
    const name = repoDigest(reference, reference.digest);
    return records.find((record) => record.digests.includes(name));
  }
  const tag = tagOf(reference);
  return records.find((record) => tag !== undefined && record.tags.includes(tag));
}

function tryParse(text: string, searchRegistries: readonly string[]): readonly ImageReference[] | CricketError {
  try {
    return candidatesOf(text, searchRegistries);
  } catch (error) {
    if (error instanceof CricketError) return error;
    throw error;
  }
}
