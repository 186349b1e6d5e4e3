import { expect } from 'chai';
import { mergeResources, noResources } from './resources.ts';
import type { ContainerResources } from './resources.ts';

const merged = (before: Partial<ContainerResources>, wanted: Partial<ContainerResources>) =>
  mergeResources({ ...noResources, ...before }, { ...noResources, ...wanted });

describe('resources after an update', () => {
  it('are the new ones where given, of lists and maps each entry', () => {
    const before = {
      cpuShares: 5,
      oomScoreAdj: 900,
      hugepages: [{ pageSize: '2MB', limit: 1 }],
      unified: { 'a.b': '1' },
    };
    const wanted = {
      cpuQuota: 7,
      oomScoreAdj: 800,
      hugepages: [{ pageSize: '1GB', limit: 0 }],
      unified: { 'a.c': '2' },
    };
    expect(merged(before, wanted)).to.deep.equal({
      ...noResources,
      ...{ cpuShares: 5, cpuQuota: 7, oomScoreAdj: 800, unified: { 'a.b': '1', 'a.c': '2' } },
      hugepages: [...before.hugepages, ...wanted.hugepages],
    });
  });

  it('keep the allowance of swap where the memory limit changes alone', () => {
    const before = { memoryLimitBytes: 100, memorySwapLimitBytes: 150 };
    expect(merged(before, { memoryLimitBytes: 200 })).to.include({ memoryLimitBytes: 200, memorySwapLimitBytes: 250 });
    expect(merged(before, { memoryLimitBytes: -1 }).memorySwapLimitBytes).to.equal(-1);
    expect(merged(before, { memoryLimitBytes: 200, memorySwapLimitBytes: 200 }).memorySwapLimitBytes).to.equal(200);
    expect(merged(before, { cpuShares: 3 }).memorySwapLimitBytes).to.equal(150);
    expect(merged({ memoryLimitBytes: 100 }, { memoryLimitBytes: 200 }).memorySwapLimitBytes).to.equal(0);
  });
});
