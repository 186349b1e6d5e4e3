import { expect } from 'chai';
import { bytesOf } from '../file-bytes.ts';
import type { ReadBytes } from '../file-bytes.ts';
import type { ReadFile } from '../group.ts';
import { cpu } from './cpu.ts';
import { cpuset } from './cpuset.ts';
import { hugetlb } from './hugetlb.ts';
import { io } from './io.ts';
import { pids } from './pids.ts';

const reading =
  (files: Readonly<Record<string, string>>): ReadFile =>
  (file) =>
    files[file];
const nothing = reading({});
const bytes =
  (read: ReadFile): ReadBytes =>
  (file) => {
    const text = read(file);
    return text === undefined ? undefined : bytesOf(text);
  };

describe('cgroups: cpu controller', () => {
  const v1 = reading({
    'cpuacct.usage': '501405963977\n',
    'cpuacct.usage_user': '380010000000\n',
    'cpuacct.usage_sys': '121395963977\n',
    'cpu.stat': 'nr_periods 10\nnr_throttled 3\nthrottled_time 2500\nnr_bursts 1\nburst_time 7\n',
    'cpu.shares': '512\n',
    'cpu.cfs_quota_us': '50000\n',
    'cpu.cfs_period_us': '100000\n',
  });
  const v2 = reading({
    'cpu.stat': 'usage_usec 5\nuser_usec 3\nsystem_usec 2\nnr_periods 4\nnr_throttled 1\nthrottled_usec 9\n',
    'cpu.weight': '100\n',
    'cpu.max': 'max 100000\n',
  });

  it('counts in nanoseconds on both versions', () => {
    expect(cpu.v1.stats(bytes(v1))).to.deep.include({
      usageNs: 501_405_963_977,
      systemNs: 121_395_963_977,
      throttledNs: 2500,
    });
    expect(cpu.v2.stats(bytes(v2))).to.deep.include({ usageNs: 5000, userNs: 3000, throttledNs: 9000, bursts: 0 });
    expect(cpu.v1.stats(bytes(nothing))).to.equal(undefined);
    expect(cpu.v2.stats(bytes(nothing))).to.equal(undefined);
  });

  it('reads limits back, leaving out those that are none', () => {
    expect(cpu.v1.limits(v1)).to.deep.equal({ cpuShares: 512n, cpuQuota: 50_000n, cpuPeriod: 100_000n });
    expect(cpu.v2.limits(v2)).to.deep.equal({ cpuShares: 1024n, cpuWeight: 100n, cpuPeriod: 100_000n });
  });

  it('lifts a v1 quota while its period changes', () => {
    const writes = cpu.v1.plan({ cpuQuota: 20_000n, cpuPeriod: 10_000n }, v1);
    expect(writes.map(({ file, value }) => `${file}=${value}`)).to.deep.equal([
      'cpu.cfs_quota_us=-1',
      'cpu.cfs_period_us=10000',
      'cpu.cfs_quota_us=20000',
    ]);
    expect(cpu.v1.plan({ cpuPeriod: 10_000n }, v1).at(-1)?.value, 'the quota that was there').to.equal('50000');
    expect(cpu.v1.plan({ cpuQuota: -1n, cpuPeriod: 100_000n }, v1)).to.deep.equal([
      { file: 'cpu.cfs_quota_us', value: '-1' },
    ]);
    expect(cpu.v1.plan({ cpuShares: 0n, cpuQuota: 0n, cpuPeriod: 0n }, v1), 'unset').to.deep.equal([]);
  });

  it('writes one v2 line, keeping the half that is not given', () => {
    expect(cpu.v2.plan({ cpuShares: 1024n, cpuQuota: 5000n }, v2)).to.deep.equal([
      { file: 'cpu.weight', value: '100' },
      { file: 'cpu.max', value: '5000 100000' },
    ]);
    expect(cpu.v2.plan({ cpuPeriod: 50_000n }, v2)).to.deep.equal([{ file: 'cpu.max', value: 'max 50000' }]);
  });
});

describe('cgroups: io controller', () => {
  it('joins v1 bytes and operations per device, without the total', () => {
    const read = reading({
      'blkio.throttle.io_service_bytes_recursive': '8:0 Read 4096\n8:0 Write 8192\n8:0 Total 12288\nTotal 12288\n',
      'blkio.throttle.io_serviced_recursive': '8:0 Read 1\n8:0 Write 2\n254:0 Read 5\nTotal 8\n',
    });
    expect(io.v1.stats(bytes(read))).to.deep.equal([
      { device: '8:0', readBytes: 4096, writeBytes: 8192, reads: 1, writes: 2, costUs: {} },
      { device: '254:0', readBytes: 0, writeBytes: 0, reads: 5, writes: 0, costUs: {} },
    ]);
    expect(io.v1.stats(bytes(nothing))).to.equal(undefined);
    const none = reading({ 'blkio.throttle.io_service_bytes_recursive': 'Total 0\n' });
    expect(io.v1.stats(bytes(none)), 'no device').to.deep.equal([]);
  });

  it('reads v2 lines with and without iocost, skipping devices that say nothing', () => {
    const cost = 'cost.vrate=100.00 cost.usage=12 cost.wait=3';
    const read = reading({ 'io.stat': `8:16 \n8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0 ${cost}\n` });
    expect(io.v2.stats(bytes(read))).to.deep.equal([
      { device: '8:0', readBytes: 1, writeBytes: 2, reads: 3, writes: 4, costUs: { usage: 12, wait: 3 } },
    ]);
    expect(io.v2.stats(bytes(reading({ 'io.stat': '' })))).to.deep.equal([]);
  });
});

describe('cgroups: pids, cpuset, hugetlb controllers', () => {
  it('count tasks and lift their limit', () => {
    expect(pids.v2.stats(bytes(reading({ 'pids.current': '3\n', 'pids.max': 'max\n' })))).to.deep.equal({
      current: 3,
      limit: undefined,
    });
    expect(pids.v1.plan({ pidsLimit: -1n }, nothing)).to.deep.equal([{ file: 'pids.max', value: 'max' }]);
    expect(pids.v1.plan({ pidsLimit: 0n }, nothing)).to.deep.equal([]);
    expect(pids.v1.limits(reading({ 'pids.max': '99\n' }))).to.deep.equal({ pidsLimit: 99n });
  });

  it('write only the cpuset that is given', () => {
    expect(cpuset.v1.plan({ cpusetCpus: '0-1', cpusetMems: '' }, nothing)).to.deep.equal([
      { file: 'cpuset.cpus', value: '0-1' },
    ]);
    expect(cpuset.v2.limits(reading({ 'cpuset.cpus': '\n', 'cpuset.mems': '0\n' }))).to.deep.equal({ cpusetMems: '0' });
  });

  it('limit huge pages of sizes the kernel has, and their reservations', () => {
    const pages = hugetlb(['2MB']);
    expect(pages.v1.plan({ hugepages: [{ pageSize: '2MB', limit: 4n }] }, nothing)).to.deep.equal([
      { file: 'hugetlb.2MB.limit_in_bytes', value: '4' },
      { file: 'hugetlb.2MB.rsvd.limit_in_bytes', value: '4', optional: true },
    ]);
    expect(pages.v2.plan({ hugepages: [{ pageSize: '1GB', limit: 0n }] }, nothing)).to.deep.equal([]);
  });

  it('count huge pages', () => {
    const v1 = {
      usage_in_bytes: '5\n',
      max_usage_in_bytes: '6\n',
      failcnt: '7\n',
      limit_in_bytes: '9223372036852678656\n',
    };
    const read = reading(Object.fromEntries(Object.entries(v1).map(([file, text]) => [`hugetlb.2MB.${file}`, text])));
    expect(hugetlb(['2MB']).v1.stats(bytes(read))).to.deep.equal([{ pageSize: '2MB', usage: 5, peak: 6, failcnt: 7 }]);
    expect(hugetlb(['2MB']).v1.limits(read)).to.deep.equal({});
    const v2 = reading({ 'hugetlb.2MB.current': '0\n', 'hugetlb.2MB.max': '8\n', 'hugetlb.2MB.events': 'max 3\n' });
    expect(hugetlb(['2MB']).v2.stats(bytes(v2))).to.deep.equal([
      { pageSize: '2MB', usage: 0, peak: undefined, failcnt: 3 },
    ]);
    expect(hugetlb(['2MB']).v2.limits(v2)).to.deep.equal({ hugepages: [{ pageSize: '2MB', limit: 8n }] });
    expect(hugetlb(['2MB']).v2.stats(bytes(nothing))).to.equal(undefined);
  });
});
