import { assertNever } from '../../base/errors.ts';
import { formatReference } from '../reference/parse.ts';
import type { Descriptor } from '../registry/manifest.ts';
import type { RegistrySession } from '../registry/session.ts';
import { refused, verificationFor } from './policy.ts';
import type { VerificationRule } from './policy.ts';
import { runVerifier } from './program.ts';
import { demandSignature } from './signatures.ts';

/**
 * Lets an image in or throws, by what the rules say of its name. `image` is what the name resolved to: the digest of
 * the index where there is one. Errors: a refusal (see policy.ts); `unavailable` when the registry cannot be asked.
 */
export async function verifyImage(
  rules: readonly VerificationRule[],
  session: RegistrySession,
  image: Descriptor,
  signal: AbortSignal,
): Promise<void> {
  const verification = verificationFor(rules, session.reference);
  switch (verification.kind) {
    case 'accept':
      return;
    case 'reject':
      throw refused(`the verification policy refuses every image like ${formatReference(session.reference)}`);
    case 'signed':
      await demandSignature(verification.keys, session, image, signal);
      return;
    case 'program':
      await runVerifier(verification, formatReference(session.reference), image, signal);
      return;
    default:
      assertNever(verification);
  }
}
