import { expect } from 'chai';
import { probes } from '../../../../../test/integration/seccomp/table.ts';
import { capabilitySection } from '../capabilities.ts';
import { sampleInput } from '../sample.test.ts';
import { defaultProfile } from './default-profile.ts';
import type { OciSeccomp, OciSyscallArgument } from '../oci.ts';

const byDefault = capabilitySection(sampleInput()).sets.bounding;
const facts = { capabilities: byDefault, arch: 'x64', kernel: [6, 1] } as const;
const errnos: Readonly<Record<number, string>> = { 1: 'EPERM', 38: 'ENOSYS' };

/** What a filter made of the profile answers, with the runtimes' meaning of a rule with one condition. */
function verdict(profile: OciSeccomp, name: string, args: readonly number[]): string | undefined {
  const rule = profile.syscalls.find(
    (candidate) =>
      candidate.names.includes(name) && (candidate.args ?? []).every((argument) => matches(argument, args)),
  );
  if (rule?.action === 'SCMP_ACT_ALLOW') return 'allowed';
  return errnos[rule?.errnoRet ?? profile.defaultErrnoRet ?? 1];
}

function matches({ index, value, valueTwo, op }: OciSyscallArgument, args: readonly number[]): boolean {
  const given = BigInt.asUintN(64, BigInt(args[index] ?? 0));
  const [first, second] = [BigInt(value), BigInt(valueTwo ?? 0)];
  if (op === 'SCMP_CMP_LT') return given < first;
  if (op === 'SCMP_CMP_GT') return given > first;
  if (op === 'SCMP_CMP_EQ') return given === first;
  if (op === 'SCMP_CMP_MASKED_EQ') return (given & first) === second;
  throw new Error(`no rule of ours says ${op}`);
}

describe('the default seccomp profile', () => {
  for (const { name, args, rule, closed } of probes) {
    const call = `${name}(${args.join(', ')})`;
    if (rule === 'open' || rule === 'never') {
      it(`${rule === 'open' ? 'lets through' : 'stops'} ${call}, whatever the capabilities`, () => {
        const wanted = rule === 'open' ? 'allowed' : closed;
        const every = capabilitySection(sampleInput({ privileged: true })).sets.bounding;
        for (const capabilities of [[], byDefault, every])
          expect(verdict(defaultProfile({ ...facts, capabilities }), name, args)).to.equal(wanted);
      });
      continue;
    }
    it(`answers ${closed} to ${call} until ${rule} opens it`, () => {
      const others = byDefault.filter((capability) => capability !== rule);
      expect(verdict(defaultProfile({ ...facts, capabilities: others }), name, args)).to.equal(closed);
      expect(verdict(defaultProfile({ ...facts, capabilities: [...others, rule] }), name, args)).to.equal('allowed');
    });
  }

  it('opens tracing to nobody before Linux 4.8, but to CAP_SYS_PTRACE', () => {
    const old = { ...facts, kernel: [4, 4] } as const;
    expect(verdict(defaultProfile(old), 'ptrace', [])).to.equal('EPERM');
    expect(verdict(defaultProfile({ ...old, capabilities: ['CAP_SYS_PTRACE'] }), 'ptrace', [])).to.equal('allowed');
  });

  it('filters the other ABIs of the machine too', () => {
    expect(defaultProfile(facts).architectures).to.deep.equal(['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']);
    expect(defaultProfile({ ...facts, arch: 'arm64' }).architectures).to.include('SCMP_ARCH_ARM');
  });

  it('has what only one architecture has there alone', () => {
    expect(verdict(defaultProfile(facts), 'arch_prctl', [])).to.equal('allowed');
    expect(verdict(defaultProfile({ ...facts, arch: 'arm64' }), 'arch_prctl', [])).to.equal('EPERM');
  });

  it('looks at the second argument of clone on s390', () => {
    const profile = defaultProfile({ ...facts, arch: 's390x' });
    expect(verdict(profile, 'clone', [0x10000000, 17])).to.equal('allowed');
    expect(verdict(profile, 'clone', [17, 0x10000000])).to.equal('EPERM');
  });
});
