import { assertNever } from '../../../../base/errors.ts';
import { fail } from '../../../../base/errors.ts';
import { defaultProfile } from './default-profile.ts';
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
  switch (input.seccomp.kind) {
    case 'runtime_default':
      return defaultProfile({ capabilities: bounding, arch, kernel });
    case 'profile':
      return input.seccomp.profile;
    default:
      return assertNever(input.seccomp);
  }
}
