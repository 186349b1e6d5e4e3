import { expect } from 'chai';
import type { Resources } from '../resources.ts';
import { bytesOf } from '../file-bytes.ts';
import type { ReadBytes } from '../file-bytes.ts';
import { memory } from './memory.ts';

const bytesFrom =
  (files: Readonly<Record<string, string>>): ReadBytes =>
  (file) =>
    files[file] === undefined ? undefined : bytesOf(files[file]);
const unlimited = '9223372036854771712\n';
const v1 = (limit: string, both: string | undefined) => (file: string) =>
  ({ 'memory.limit_in_bytes': limit, 'memory.memsw.limit_in_bytes': both })[file];
const planV1 = (resources: Resources, limit: string, both: string | undefined) =>
  memory.v1.plan(resources, v1(limit, both)).map(({ file, value }) => `${file.split('.')[1] ?? ''}=${value}`);
const planV2 = (resources: Resources, files: Record<string, string>) =>
  memory.v2.plan(resources, (file) => files[file]).map(({ file, value }) => `${file}=${value}`);

describe('cgroups: memory limits on v1', () => {
  it('go in the order that keeps memory below memory+swap at every instant', () => {
    const raise = { memoryLimitBytes: 300n, memorySwapLimitBytes: 300n };
    expect(planV1(raise, '100', '200')).to.deep.equal(['memsw=300', 'limit_in_bytes=300']);
    const lower = { memoryLimitBytes: 50n, memorySwapLimitBytes: 50n };
    expect(planV1(lower, '100', '200')).to.deep.equal(['limit_in_bytes=50', 'memsw=50']);
    expect(planV1(lower, unlimited, unlimited)).to.deep.equal(['limit_in_bytes=50', 'memsw=50']);
    expect(planV1({ memoryLimitBytes: -1n }, '100', '200')).to.deep.equal(['memsw=-1', 'limit_in_bytes=-1']);
  });

  it('keep the swap allowance when only memory is given', () => {
    expect(planV1({ memoryLimitBytes: 300n }, '100', '150')).to.deep.equal(['memsw=350', 'limit_in_bytes=300']);
    expect(planV1({ memoryLimitBytes: 60n }, '100', '150')).to.deep.equal(['limit_in_bytes=60', 'memsw=110']);
    expect(planV1({ memoryLimitBytes: 60n }, '100', unlimited)).to.deep.equal(['limit_in_bytes=60']);
    expect(planV1({ memoryLimitBytes: 0n }, '100', '150')).to.deep.equal([]);
    expect(planV1({ memorySwapLimitBytes: 170n }, '100', '150')).to.deep.equal(['memsw=170']);
  });

  it('are written aside only when they go down', () => {
    const waits = (limit: bigint) => memory.v1.plan({ memoryLimitBytes: limit }, v1('100', unlimited))[0]?.waits;
    expect(waits(99n)).to.equal(true);
    expect(waits(101n)).to.equal(undefined);
  });

  it('read back without those that are none', () => {
    expect(memory.v1.limits(v1('4096\n', unlimited))).to.deep.equal({ memoryLimitBytes: 4096n });
  });
});

describe('cgroups: memory limits on v2', () => {
  it('limit swap alone', () => {
    const resources = { memoryLimitBytes: 100n, memorySwapLimitBytes: 150n };
    expect(planV2(resources, { 'memory.max': 'max\n' })).to.deep.equal(['memory.swap.max=50', 'memory.max=100']);
    expect(planV2({ memorySwapLimitBytes: 150n }, { 'memory.max': '150\n' })).to.deep.equal(['memory.swap.max=0']);
    expect(planV2({ memorySwapLimitBytes: -1n, memoryLimitBytes: -1n }, {})).to.deep.equal([
      'memory.swap.max=max',
      'memory.max=max',
    ]);
    expect(() => planV2({ memorySwapLimitBytes: 150n }, { 'memory.max': 'max\n' }))
      .to.throw(/needs a memory limit/)
      .with.property('code', 'failed_precondition');
  });

  it('refuse to go below what cannot be reclaimed, where the kernel would kill', () => {
    const files = { 'memory.max': 'max\n', 'memory.stat': 'anon 5000\nfile 90000\n' };
    expect(() => planV2({ memoryLimitBytes: 4999n }, files))
      .to.throw(/5000 bytes/)
      .with.property('code', 'failed_precondition');
    expect(planV2({ memoryLimitBytes: 5000n }, files)).to.deep.equal(['memory.max=5000']);
  });

  it('read back as memory and memory+swap', () => {
    const files: Record<string, string> = { 'memory.max': '100\n', 'memory.swap.max': '20\n', 'memory.min': '0\n' };
    expect(memory.v2.limits((file) => files[file])).to.deep.equal({
      memoryLimitBytes: 100n,
      memorySwapLimitBytes: 120n,
    });
  });
});

describe('cgroups: memory numbers', () => {
  it('are the subtree’s on v1, with the working set never below 0', () => {
    const files: Record<string, string> = {
      'memory.usage_in_bytes': '1000\n',
      'memory.stat':
        'cache 1\nrss 2\ninactive_file 3\ntotal_cache 10\ntotal_rss 20\ntotal_inactive_file 1400\ntotal_pgfault 7\n',
      'memory.max_usage_in_bytes': '2000\n',
      'memory.failcnt': '5\n',
      'memory.memsw.failcnt': '2\n',
      'memory.limit_in_bytes': '3000\n',
      'memory.memsw.limit_in_bytes': '3500\n',
    };
    const stats = memory.v1.stats(bytesFrom(files));
    expect(stats).to.deep.include({ workingSet: 0, cache: 10, rss: 20, pageFaults: 7, majorPageFaults: 0 });
    expect(stats).to.deep.include({ peak: 2000, failcnt: 7, limit: 3000, swapLimit: 500, pagesScanned: undefined });
    expect(memory.v1.stats(() => undefined)).to.equal(undefined);
  });

  it('have v2’s extras, and do without what older kernels lack', () => {
    const files: Record<string, string> = {
      'memory.current': '1000\n',
      'memory.stat': 'anon 20\nfile 10\nkernel_stack 1\npagetables 2\nslab 4\ninactive_file 400\npgscan 6\npgfault 8\n',
      'memory.events': 'low 0\nhigh 2\nmax 3\noom 1\noom_kill 1\n',
      'memory.max': 'max\n',
    };
    const stats = memory.v2.stats(bytesFrom(files));
    expect(stats).to.deep.include({ workingSet: 600, rss: 20, cache: 10, kernel: 7, pagesScanned: 6 });
    expect(stats).to.deep.include({ failcnt: 3, highEvents: 2, limit: undefined, peak: undefined, swap: 0 });
  });
});
