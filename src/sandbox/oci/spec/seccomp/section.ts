import { assertNever, fail } from '../../../../base/errors.ts';
import { defaultProfile } from './default-profile.ts';
import { resolveProfile } from './resolve.ts';
import type { OciSeccomp } from '../oci.ts';
import type { SpecInput } from '../input.ts';

type SeccompInput = Pick<SpecInput, 'id' | 'privileged' | 'seccomp'> & {
  readonly host: Pick<SpecInput['host'], 'seccomp'>;
};

/**
 * Privileged containers have no filter, whatever they name, as the kubelet's users expect.
 * Errors: `failed_precondition` when a filter is wanted and the kernel has none.
 */
export function seccompSection(input: SeccompInput, bounding: readonly string[]): OciSeccomp | undefined {
  if (input.privileged || input.seccomp.kind === 'unconfined') return undefined;
  const { available, arch, kernel } = input.host.seccomp;
  if (!available)
    throw fail('failed_precondition', `container ${input.id}: this kernel has no seccomp; run it Unconfined`);
  const facts = { capabilities: bounding, arch, kernel };
  switch (input.seccomp.kind) {
    case 'runtime_default':
      return defaultProfile(facts);
    case 'profile':
      return resolveProfile(input.seccomp.profile, facts);
    default:
      return assertNever(input.seccomp);
  }
}
