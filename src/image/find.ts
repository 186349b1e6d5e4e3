import { CricketError, fail } from '../base/errors.ts';
import { isDigest } from './reference/digest.ts';
import { parseReference, repoDigest, tagOf } from './reference/parse.ts';
import type { ImageReference } from './reference/parse.ts';
import type { ImageRecord } from './store/image-record.ts';

/** What `crictl` shows of an id is a beginning of the hex digits; fewer would be a guess. */
const idGrammar = /^(?:sha256:)?([0-9a-f]{1,64})$/;

/**
 * The image that a text names: an id; else a reference by its digest or its tag; else a beginning of exactly
 * one id. Undefined when there is none. Errors: `invalid_argument` when several ids begin so, or for a text
 * that can name nothing.
 */
export function findRecord(text: string, records: readonly ImageRecord[]): ImageRecord | undefined {
  if (isDigest(text)) return records.find(({ id }) => String(id) === text);
  const reference = tryParse(text);
  const named = reference instanceof CricketError ? undefined : findNamed(reference, records);
  if (named !== undefined) return named;
  const digits = idGrammar.exec(text)?.[1];
  if (digits === undefined) {
    if (reference instanceof CricketError) throw reference;
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

function tryParse(text: string): ImageReference | CricketError {
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof CricketError) return error;
    throw error;
  }
}
