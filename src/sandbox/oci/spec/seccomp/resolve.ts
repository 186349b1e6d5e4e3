import { constants } from 'node:os';
import { fail } from '../../../../base/errors.ts';
import { kernelVersionOf } from '../../../../linux/seccomp.ts';
import { isAtLeast } from './default-profile.ts';
import type { ProfileFacts } from './default-profile.ts';
import type { NodeProfile, ProfileCondition, ProfileRule } from './profile.ts';
import type { OciSeccomp, OciSyscallRule } from '../oci.ts';

/** Docker names architectures as Go does; native is libseccomp's name. */
const architectureNames: Readonly<Record<string, { readonly go: string; readonly native: string }>> = {
  x64: { go: 'amd64', native: 'SCMP_ARCH_X86_64' },
  arm64: { go: 'arm64', native: 'SCMP_ARCH_AARCH64' },
  ppc64: { go: 'ppc64le', native: 'SCMP_ARCH_PPC64LE' },
  s390x: { go: 's390x', native: 'SCMP_ARCH_S390X' },
  riscv64: { go: 'riscv64', native: 'SCMP_ARCH_RISCV64' },
  loong64: { go: 'loong64', native: 'SCMP_ARCH_LOONGARCH64' },
};

/** The profile as one container gets it: conditions decided, errnos as numbers. */
export function resolveProfile(profile: NodeProfile, facts: ProfileFacts): OciSeccomp {
  const architectures = architecturesFor(profile, facts);
  return {
    defaultAction: profile.defaultAction,
    defaultErrnoRet: errnoFor(profile.defaultErrno, profile.defaultErrnoRet),
    ...(architectures.length > 0 ? { architectures } : {}),
    ...(profile.flags.length > 0 ? { flags: profile.flags } : {}),
    listenerPath: profile.listenerPath ?? undefined,
    listenerMetadata: profile.listenerMetadata ?? undefined,
    syscalls: profile.syscalls.filter((rule) => holds(rule, facts)).map(ruleFor),
  };
}

function architecturesFor(profile: NodeProfile, facts: ProfileFacts): readonly string[] {
  const native = architectureNames[facts.arch]?.native;
  const mapped = (profile.archMap ?? []).find((entry) => entry.architecture === native);
  return mapped === undefined ? profile.architectures : [mapped.architecture, ...mapped.subArchitectures];
}

/** All capabilities and one of the architectures of `includes`; none of those of `excludes`. */
function holds(rule: ProfileRule, facts: ProfileFacts): boolean {
  const { includes, excludes } = rule;
  const included =
    includes.caps.every((name) => facts.capabilities.includes(name)) &&
    (includes.arches.length === 0 || namesArchitecture(includes, facts)) &&
    (!includes.minKernel || isAtLeast(facts.kernel, kernelVersionOf(includes.minKernel)));
  const excluded =
    excludes.caps.some((name) => facts.capabilities.includes(name)) ||
    namesArchitecture(excludes, facts) ||
    (!!excludes.minKernel && isAtLeast(facts.kernel, kernelVersionOf(excludes.minKernel)));
  return included && !excluded;
}

function namesArchitecture(condition: ProfileCondition, facts: ProfileFacts): boolean {
  return condition.arches.includes(architectureNames[facts.arch]?.go ?? facts.arch);
}

function ruleFor(rule: ProfileRule): OciSyscallRule {
  const args = (rule.args ?? []).map(({ index, value, valueTwo, op }) => ({
    index,
    value,
    valueTwo: valueTwo ?? 0,
    op,
  }));
  return {
    names: rule.name ? [rule.name, ...rule.names] : rule.names,
    action: rule.action,
    errnoRet: errnoFor(rule.errno, rule.errnoRet),
    ...(args.length > 0 ? { args } : {}),
  };
}

/** By name where both are given: numbers differ between architectures. */
function errnoFor(name: string | null | undefined, number: number | null | undefined): number | undefined {
  if (!name) return number ?? undefined;
  const known: Readonly<Record<string, number>> = constants.errno;
  const found = known[name] ?? number;
  if (found == null) throw fail('invalid_argument', `seccomp profile: no such errno ${JSON.stringify(name)}`);
  return found;
}
