import { expect } from 'chai';
import { hybridMachine, unifiedMachine } from './fixture.test.ts';
import { checkHonoured } from './honour.ts';
import type { Layout } from './layout.ts';
import type { CgroupPath } from './path.ts';
import type { Resources } from './resources.ts';

const pod = '/pod' as CgroupPath;

function refusal(layout: Layout, resources: Resources): string {
  try {
    checkHonoured(layout, pod, resources);
    return '';
  } catch (error) {
    return String(error);
  }
}

describe('limits that a host cannot hold', () => {
  it('are refused with what it lacks on v1', () => {
    using machine = hybridMachine();
    const { layout } = machine;
    expect(refusal(layout, { unified: { 'memory.high': '1' } }))
      .to.contain('unified memory.high')
      .and.contain('v1');
    expect(refusal(layout, { hugepages: [{ pageSize: '64KB', limit: 1n }] })).to.contain('this kernel has 2MB, 1GB');
    const swap = { memoryLimitBytes: 9n, memorySwapLimitBytes: 9n };
    expect(refusal(layout, swap)).to.contain('accounts no swap');
    machine.put({ 'memory/pod/memory.memsw.limit_in_bytes': '1' });
    expect(refusal(layout, swap)).to.equal('');
    const homes = new Map([...layout.homes].filter(([name]) => name !== 'cpuset' && name !== 'blkio'));
    expect(refusal({ ...layout, homes }, { cpusetCpus: '0' }))
      .to.contain('cpuset cpus')
      .and.contain('no cpuset contr');
  });

  it('are refused with what it lacks on v2', () => {
    using machine = unifiedMachine();
    machine.put({ 'unified/pod/memory.max': 'max', 'unified/pod/memory.high': 'max' });
    const { layout } = machine;
    expect(refusal(layout, { unified: { 'memory.high': '1' } })).to.equal('');
    expect(refusal(layout, { unified: { 'memory.loud': '1' } }))
      .to.contain('memory.loud')
      .and.contain('no such file');
    expect(refusal(layout, { unified: { 'disco.max': '1' } })).to.contain('no disco controller');
    expect(refusal(layout, { memoryLimitBytes: 5n, memorySwapLimitBytes: 9n })).to.contain('accounts no swap');
  });

  it('are none of those that lift a limit', () => {
    using machine = hybridMachine();
    const pages = [{ pageSize: '64KB', limit: 0n }];
    expect(refusal(machine.layout, { memorySwapLimitBytes: -1n, cpuQuota: -1n, hugepages: pages })).to.equal('');
  });
});
