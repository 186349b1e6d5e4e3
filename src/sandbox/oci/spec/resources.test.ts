import { expect } from 'chai';
import { resourceSection } from './resources.ts';
import { sampleInput } from './sample.test.ts';
import type { SpecInput, SpecResources } from './input.ts';

const of = (resources: SpecResources, changes: Partial<SpecInput> = {}) =>
  resourceSection(sampleInput({ resources, ...changes }));

describe('resources', () => {
  it('are written where given', () => {
    const section = of({
      cpuShares: 512n,
      cpuQuota: 50_000,
      cpuPeriod: 100_000n,
      cpusetCpus: '0-1',
      cpusetMems: '0',
      memoryLimitBytes: 1n << 40n,
      memorySwapLimitBytes: -1n,
      pidsLimit: 100,
      hugepages: [{ pageSize: '2MB', limit: 0n }],
      unified: { 'memory.high': '1000' },
    });
    expect(section.cpu).to.deep.equal({ shares: 512n, quota: 50_000, period: 100_000n, cpus: '0-1', mems: '0' });
    expect(section.memory).to.deep.equal({ limit: 1n << 40n, swap: -1n });
    expect(section.pids).to.deep.equal({ limit: 100 });
    expect(section.hugepageLimits).to.deep.equal([{ pageSize: '2MB', limit: 0n }]);
    expect(section.unified).to.deep.equal({ 'memory.high': '1000' });
  });

  it('are left out where 0 or empty', () => {
    const section = of({ cpuShares: 0, cpuQuota: 0n, cpusetCpus: '', pidsLimit: 0, memoryLimitBytes: 0n, unified: {} });
    expect(Object.values({ ...section.cpu, ...section.memory }).filter((value) => value !== undefined)).to.deep.equal(
      [],
    );
    expect(section).to.not.have.any.keys('pids', 'unified', 'blockIO');
  });

  it('are left out where a new cgroup has no limit anyway', () => {
    const section = of({ cpuQuota: -1, memoryLimitBytes: -1n, memorySwapLimitBytes: -1n, pidsLimit: -1 });
    expect(section.cpu?.quota).to.equal(undefined);
    expect(section.memory).to.deep.equal({ limit: undefined, swap: undefined });
    expect(section).to.not.have.any.keys('pids');
  });

  it('carry the weight of their shares on cgroup v2, unless one is given', () => {
    const host = { ...sampleInput().host, cgroupVersion: 2 as const };
    expect(of({ cpuShares: 512n }, { host }).unified).to.deep.equal({ 'cpu.weight': '59' });
    const given = { 'cpu.weight': '7', 'memory.high': '1000' };
    expect(of({ cpuShares: 512n, unified: given }, { host }).unified).to.deep.equal(given);
    expect(of({ cpuShares: 0 }, { host })).to.not.have.any.keys('unified');
    expect(of({ cpuShares: 512n })).to.not.have.any.keys('unified');
  });

  it('give no swap with a memory limit, unless swap is given too', () => {
    expect(of({ memoryLimitBytes: 1000 }).memory).to.deep.equal({ limit: 1000, swap: 1000 });
    expect(of({ memoryLimitBytes: 1000, memorySwapLimitBytes: 1500 }).memory?.swap).to.equal(1500);
  });

  it('name no swap where the host does not account it', () => {
    const host = { ...sampleInput().host, swapAccounting: false };
    expect(of({ memoryLimitBytes: 1000, memorySwapLimitBytes: 1500 }, { host }).memory?.swap).to.equal(undefined);
  });
});
