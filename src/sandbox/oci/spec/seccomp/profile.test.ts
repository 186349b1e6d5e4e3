import { expect } from 'chai';
import { parseSeccompProfile } from './profile.ts';
import { resolveProfile } from './resolve.ts';

const facts = { capabilities: ['CAP_CHOWN'], arch: 'x64', kernel: [6, 1] } as const;
const resolve = (profile: object, changes: object = {}) =>
  resolveProfile(parseSeccompProfile('/p.json', JSON.stringify(profile)), { ...facts, ...changes });

describe('a seccomp profile of the node', () => {
  it('goes through as it is when it is an OCI section', () => {
    const profile = {
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 38,
      architectures: ['SCMP_ARCH_X86_64'],
      flags: ['SECCOMP_FILTER_FLAG_LOG'],
      syscalls: [
        { names: ['read'], action: 'SCMP_ACT_ALLOW' },
        { names: ['mkdir'], action: 'SCMP_ACT_ERRNO', errnoRet: 13, args: [{ index: 1, value: 7, op: 'SCMP_CMP_EQ' }] },
      ],
    };
    const resolved: unknown = JSON.parse(JSON.stringify(resolve(profile)));
    profile.syscalls[1]?.args?.forEach((argument) => Object.assign(argument, { valueTwo: 0 }));
    expect(resolved).to.deep.equal(profile);
  });

  it('keeps rules whose conditions hold, and no others', () => {
    const rule = (names: string, more: object) => ({ names: [names], action: 'SCMP_ACT_ALLOW', args: null, ...more });
    const profile = {
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: [
        rule('a', { includes: { caps: ['CAP_CHOWN'] } }),
        rule('b', { includes: { caps: ['CAP_CHOWN', 'CAP_KILL'] } }),
        rule('c', { includes: { arches: ['s390x', 'amd64'] }, excludes: {} }),
        rule('d', { excludes: { arches: ['amd64'] } }),
        rule('e', { excludes: { caps: ['CAP_KILL', 'CAP_CHOWN'] } }),
        rule('f', { includes: { minKernel: '6.1' } }),
        rule('g', { includes: { minKernel: '6.2' } }),
        rule('h', { excludes: { minKernel: '4.8' } }),
      ],
    };
    expect(resolve(profile).syscalls.flatMap(({ names }) => names)).to.deep.equal(['a', 'c', 'f']);
    expect(resolve(profile, { arch: 'arm64', capabilities: [] }).syscalls.flatMap(({ names }) => names)).to.deep.equal([
      'd',
      'e',
      'f',
    ]);
  });

  it('takes the architectures of this machine from the map', () => {
    const archMap = [
      { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
      { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] },
    ];
    const profile = { defaultAction: 'SCMP_ACT_LOG', archMap };
    expect(resolve(profile).architectures).to.deep.equal(['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86']);
    expect(resolve(profile, { arch: 'riscv64' })).to.not.have.property('architectures');
  });

  it('reads errnos by name and old single names', () => {
    const rule = { name: 'clone3', action: 'SCMP_ACT_ERRNO', errno: 'ENOSYS', errnoRet: 1 };
    const resolved = resolve({ defaultAction: 'SCMP_ACT_ERRNO', defaultErrno: 'EACCES', syscalls: [rule] });
    expect(resolved.defaultErrnoRet).to.equal(13);
    expect(resolved.syscalls[0])
      .to.include({ errnoRet: 38 })
      .and.deep.include({ names: ['clone3'] });
  });

  it('does not round arguments of 64 bits', () => {
    const text = `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["x"], "action": "SCMP_ACT_ERRNO",
      "args": [{"index": 0, "value": 18446744073709551615, "op": "SCMP_CMP_EQ"}]}]}`;
    expect(parseSeccompProfile('/p.json', text).syscalls[0]?.args?.[0]?.value).to.equal(2n ** 64n - 1n);
  });

  for (const [what, text] of [
    ['is not JSON', '{'],
    ['defaultAction', '{"syscalls": []}'],
    ['at defaultAction', '{"defaultAction": "ALLOW"}'],
    [
      'index',
      '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [], "action": "SCMP_ACT_LOG", "args": [{"index": 6, "value": 0, "op": "SCMP_CMP_EQ"}]}]}',
    ],
  ] as const) {
    it(`names file and fault: ${what}`, () => {
      expect(() => parseSeccompProfile('/p.json', text))
        .to.throw(new RegExp(`/p\\.json[^]*${what}`))
        .with.property('code', 'invalid_argument');
    });
  }
});
