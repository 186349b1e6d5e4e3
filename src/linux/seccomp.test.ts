import { expect } from 'chai';
import { kernelVersionOf, readSeccompFacts } from './seccomp.ts';

describe('seccomp facts', () => {
  it('read kernel versions as distributions write them', () => {
    expect(kernelVersionOf('6.1.0-18-amd64')).to.deep.equal([6, 1]);
    expect(kernelVersionOf('5.15')).to.deep.equal([5, 15]);
    expect(kernelVersionOf('unknown')).to.deep.equal([0, 0]);
  });

  it('are those of this machine', () => {
    const { arch, kernel } = readSeccompFacts();
    expect(arch).to.equal(process.arch);
    expect(kernel[0]).to.be.greaterThan(3);
  });
});
