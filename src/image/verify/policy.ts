import { fail } from '../../base/errors.ts';
import type { CricketError } from '../../base/errors.ts';
import { nameOf } from '../reference/parse.ts';
import type { ImageReference } from '../reference/parse.ts';

/** What decides whether an image may be pulled. */
export type Verification =
  | { readonly kind: 'accept' }
  | { readonly kind: 'reject' }
  /** A signature by one of these public keys (PEM files), as cosign makes them. */
  | { readonly kind: 'signed'; readonly keys: readonly string[] }
  /** A program by containerd's convention for image verifiers. */
  | { readonly kind: 'program'; readonly program: string; readonly timeoutMs: number };

/** `match` is `*`, a registry, or a registry with the first parts of a repository: `registry.local/team`. */
export interface VerificationRule {
  readonly match: string;
  readonly verification: Verification;
}

/** The rule with the longest match; whole parts only. Without one, every image is accepted. */
export function verificationFor(rules: readonly VerificationRule[], reference: ImageReference): Verification {
  const name = nameOf(reference);
  const fitting = rules.filter(({ match }) => match === '*' || name === match || name.startsWith(`${match}/`));
  const rank = ({ match }: VerificationRule) => (match === '*' ? 0 : match.length);
  return fitting.toSorted((one, other) => rank(other) - rank(one))[0]?.verification ?? { kind: 'accept' };
}

const refusal = Symbol('refused by the verification policy');

/** An image that its registry offers and the policy does not let in. */
export function refused(message: string): CricketError {
  return fail('failed_precondition', message, refusal);
}

/** Whether an error, or what caused it, is such a refusal. */
export function isRefusal(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  return thrown.cause === refusal || isRefusal(thrown.cause);
}
