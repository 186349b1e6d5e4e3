import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { Brand } from '../../base/ids.ts';
import { fail } from '../../base/errors.ts';

/** `sha256:` or `sha512:` with the right number of lower-case hex digits: fit for a URL and a path. */
export type Digest = Brand<string, 'Digest'>;

const grammar = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export const isDigest = (text: string): text is Digest => grammar.test(text);

/** Errors: `invalid_argument`. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text))
    throw fail(
      'invalid_argument',
      `digest ${JSON.stringify(text.slice(0, 160))} is malformed; want sha256:<64 hex digits>`,
    );
  return text;
}

export const hashFor = (digest: Digest): Hash => createHash(digest.startsWith('sha512') ? 'sha512' : 'sha256');

export const digestOf = (bytes: Uint8Array): Digest =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;

/** Whether the bytes are what the digest says. */
export const matches = (digest: Digest, bytes: Uint8Array): boolean =>
  `${digest.slice(0, 6)}:${hashFor(digest).update(bytes).digest('hex')}` === digest;
