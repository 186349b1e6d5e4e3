import { constants } from 'node:os';
import { always, sinceTracingIsSafe, withArchitecture, withCapability } from './syscalls.ts';
import type { OciSeccomp, OciSyscallArgument, OciSyscallRule } from '../oci.ts';

export interface ProfileFacts {
  /** The container's bounding set. */
  readonly capabilities: readonly string[];
  /** As process.arch names it. */
  readonly arch: string;
  readonly kernel: readonly [major: number, minor: number];
}

const { EPERM, ENOSYS } = constants.errno;

/**
 * RuntimeDefault. Everything not named here is EPERM, as under Docker and containerd; runc itself answers
 * ENOSYS for calls newer than the newest that the profile names.
 */
export function defaultProfile(facts: ProfileFacts): OciSeccomp {
  const opened = facts.capabilities.flatMap((name) => withCapability[name] ?? []);
  const traced = isAtLeast(facts.kernel, [4, 8]) ? sinceTracingIsSafe : [];
  const names = new Set([...always, ...opened, ...traced, ...(withArchitecture[facts.arch] ?? [])]);
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: EPERM,
    ...architecturesOf(facts.arch),
    syscalls: [
      { names: [...names].sort(), action: 'SCMP_ACT_ALLOW' },
      ...socketRules,
      ...personalityRules,
      ...(names.has('clone') ? [] : cloneRules(facts.arch)),
    ],
  };
}

/** The native ABI first, then those a program may switch to: without them their calls would not be filtered. */
const architectures: Readonly<Record<string, readonly string[]>> = {
  x64: ['X86_64', 'X86', 'X32'],
  arm64: ['AARCH64', 'ARM'],
  s390x: ['S390X', 'S390'],
  riscv64: ['RISCV64'],
  loong64: ['LOONGARCH64'],
};

function architecturesOf(arch: string): Pick<OciSeccomp, 'architectures'> {
  const names = architectures[arch];
  return names === undefined ? {} : { architectures: names.map((name) => `SCMP_ARCH_${name}`) };
}

const allow = (name: string, argument: OciSyscallArgument): OciSyscallRule => ({
  names: [name],
  action: 'SCMP_ACT_ALLOW',
  args: [argument],
});

/*
 * Vsock reaches past every network namespace to the hypervisor, and AF_ALG the kernel's crypto. Three rules,
 * since the runtimes join several conditions on one argument by "or".
 */
const afAlg = 38;
const afVsock = 40;
const socketRules: readonly OciSyscallRule[] = [
  allow('socket', { index: 0, value: afAlg, op: 'SCMP_CMP_LT' }),
  allow('socket', { index: 0, value: afAlg + 1, op: 'SCMP_CMP_EQ' }),
  allow('socket', { index: 0, value: afVsock, op: 'SCMP_CMP_GT' }),
];

/** PER_LINUX, PER_LINUX32, both with UNAME26, and the question "which one do I have". */
const personalityRules = [0, 0x8, 0x20000, 0x20008, 0xffffffff].map((value) =>
  allow('personality', { index: 0, value, op: 'SCMP_CMP_EQ' }),
);

/** CLONE_NEW* but for NEWTIME, which clone cannot say: its bit is part of the exit signal. */
const namespaceFlags = 0x7e020000;

/**
 * Threads and children, but no namespaces. clone3 hides its flags behind a pointer that no filter can read,
 * so it is said not to exist, and C libraries fall back on clone.
 */
function cloneRules(arch: string): readonly OciSyscallRule[] {
  const index = arch === 's390x' ? 1 : 0;
  return [
    allow('clone', { index, value: namespaceFlags, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }),
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
  ];
}

/** Kernel versions, major and minor. */
export function isAtLeast(kernel: readonly [number, number], least: readonly [number, number]): boolean {
  return kernel[0] > least[0] || (kernel[0] === least[0] && kernel[1] >= least[1]);
}
