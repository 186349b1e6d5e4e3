import { expect } from 'chai';
import { hybridMachine, unifiedMachine } from '../fixture.test.ts';
import { readerOf } from '../group.ts';
import { findLayout } from '../layout.ts';
import { parseCgroupPath } from '../path.ts';
import { meantOr, propertiesOf } from './properties.ts';

const infinity = 2n ** 64n - 1n;
const pod = parseCgroupPath('/pod');

function values(machine: ReturnType<typeof unifiedMachine>, files: Readonly<Record<string, string>>) {
  machine.put(files);
  const layout = findLayout(machine.sources);
  const all = Object.entries(propertiesOf(layout, readerOf(layout, pod)));
  return Object.fromEntries(all.map(([name, { value }]) => [name, value]));
}

describe('properties of a unit', () => {
  it('are the limits that its files show on v2', () => {
    using machine = unifiedMachine();
    expect(
      values(machine, {
        ...{ 'unified/pod/memory.max': '4096\n', 'unified/pod/memory.high': 'max\n', 'unified/pod/memory.min': '0\n' },
        ...{ 'unified/pod/memory.swap.max': '0\n', 'unified/pod/pids.max': 'max\n', 'unified/pod/cpu.weight': '59\n' },
        ...{ 'unified/pod/cpu.max': '50000 100000\n', 'unified/pod/io.weight': 'default 50\n8:0 7\n' },
        ...{ 'unified/pod/cpuset.cpus': '0-1,9\n', 'unified/pod/cpuset.mems': '\n' },
      }),
    ).to.deep.equal({
      ...{ MemoryMax: 4096n, MemoryHigh: infinity, MemoryMin: 0n, MemorySwapMax: 0n, TasksMax: infinity },
      ...{ CPUWeight: 59n, CPUQuotaPerSecUSec: 500_000n, CPUQuotaPeriodUSec: 100_000n, IOWeight: 50n },
      AllowedCPUs: Uint8Array.from([3, 2]),
    });
  });

  it('never give less than was asked for, where systemd writes a quota down in percent', () => {
    using machine = unifiedMachine();
    const quota = (text: string) => values(machine, { 'unified/pod/cpu.max': text })['CPUQuotaPerSecUSec'];
    expect(quota('12500 100000\n')).to.equal(130_000n);
    expect(quota('1000 1000000\n')).to.equal(10_000n);
    expect(quota('150000 100000\n')).to.equal(1_500_000n);
    expect(quota('max 100000\n')).to.equal(infinity);
  });

  it('are what is meant rather than what a file still says', () => {
    using machine = unifiedMachine();
    machine.put({ 'unified/pod/memory.max': 'max\n', 'unified/pod/pids.max': '7\n' });
    const layout = findLayout(machine.sources);
    const meant = new Map([
      ['memory.max', '4096'],
      ['memory.limit_in_bytes', '-1'],
    ]);
    const { MemoryMax, TasksMax, MemoryLimit } = propertiesOf(layout, meantOr(meant, readerOf(layout, pod)));
    expect([MemoryMax?.value, TasksMax?.value, MemoryLimit?.value]).to.deep.equal([4096n, 7n, infinity]);
  });

  it('are those of v1 there, without cpusets, which systemd leaves alone', () => {
    using machine = hybridMachine();
    expect(
      values(machine, {
        ...{ 'memory/pod/memory.limit_in_bytes': '9223372036854771712\n', 'pids/pod/pids.max': '7\n' },
        ...{ 'cpu,cpuacct/pod/cpu.shares': '512\n', 'cpu,cpuacct/pod/cpu.cfs_quota_us': '-1\n' },
        ...{ 'cpu,cpuacct/pod/cpu.cfs_period_us': '100000\n', 'cpuset/pod/cpuset.cpus': '0\n' },
      }),
    ).to.deep.equal({
      ...{ MemoryLimit: infinity, TasksMax: 7n, CPUShares: 512n },
      ...{ CPUQuotaPerSecUSec: infinity, CPUQuotaPeriodUSec: 100_000n },
    });
  });
});
