import { checkText } from './text.ts';
import { environment } from './env.ts';
import { rlimitSection } from './rlimits.ts';
import { userSection } from './user.ts';
import type { OciCapabilities, OciProcess } from './oci.ts';
import type { SpecInput } from './input.ts';

export function processSection(input: SpecInput, capabilities: OciCapabilities): OciProcess {
  input.args.forEach((arg, index) => checkText(input.id, `argument ${index}`, arg));
  return {
    terminal: input.terminal,
    user: userSection(input.user),
    args: input.args,
    env: environment(input),
    cwd: input.cwd || '/',
    capabilities,
    rlimits: rlimitSection(input.id, input.rlimits),
    noNewPrivileges: input.noNewPrivileges,
    apparmorProfile: input.apparmorProfile || undefined,
    oomScoreAdj: input.oomScoreAdj,
    selinuxLabel: input.selinux.processLabel || undefined,
  };
}
