import { expect } from 'chai';
import { sampleInput } from '../sample.test.ts';
import { parseSeccompProfile } from './profile.ts';
import { seccompSection } from './section.ts';

const profile = parseSeccompProfile('/p.json', '{"defaultAction": "SCMP_ACT_LOG"}');

describe('the seccomp section', () => {
  it('is absent when unconfined, and for privileged containers whatever they name', () => {
    expect(seccompSection(sampleInput(), [])).to.equal(undefined);
    for (const seccomp of [{ kind: 'runtime_default' } as const, { kind: 'profile', profile } as const])
      expect(seccompSection(sampleInput({ privileged: true, seccomp }), [])).to.equal(undefined);
  });

  it('is the default profile or the one of the node', () => {
    const byDefault = seccompSection(sampleInput({ seccomp: { kind: 'runtime_default' } }), []);
    expect(byDefault?.defaultAction).to.equal('SCMP_ACT_ERRNO');
    const own = seccompSection(sampleInput({ seccomp: { kind: 'profile', profile } }), []);
    expect(own?.defaultAction).to.equal('SCMP_ACT_LOG');
  });

  it('is refused where the kernel has none', () => {
    const { host } = sampleInput();
    const without = { ...host, seccomp: { ...host.seccomp, available: false } };
    expect(() => seccompSection(sampleInput({ host: without, seccomp: { kind: 'runtime_default' } }), []))
      .to.throw('no seccomp')
      .with.property('code', 'failed_precondition');
  });
});
