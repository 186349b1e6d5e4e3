import { expect } from 'chai';
import { findLayout, ownSources } from '../../../src/cgroups/layout.ts';
import { eventually, openLab, soon } from './lab.ts';

const mib = 1 << 20;
const memoryVersion = findLayout(ownSources()).homes.get('memory')?.version;

describe('cgroups: numbers of this machine', () => {
  it('are what the processes did', async () => {
    await using lab = openLab();
    const { cgroups, top } = lab;
    using reader = cgroups.reader(top);
    expect(reader.read()?.pids?.current).to.equal(0);
    lab.run(top, '(head -c 41943040 /dev/zero; sleep 100) | tail -c 41943041');
    await eventually(
      () => reader.read()?.memory?.rss ?? 0,
      (rss) => rss >= 39 * mib,
    );
    const stats = reader.read();
    expect(stats?.memory?.rss).to.satisfy((rss: number) => rss >= 39 * mib && rss < 60 * mib);
    expect(stats?.memory?.workingSet).to.satisfy((bytes: number) => bytes >= 39 * mib);
    expect(stats?.memory?.peak).to.satisfy((bytes: number) => bytes >= 39 * mib);
    expect(stats?.memory?.pageFaults).to.satisfy((faults: number) => faults > 1000);
    expect(stats?.cpu?.usageNs).to.satisfy((ns: number) => ns > 1_000_000);
    expect(stats?.pids?.current).to.satisfy((count: number) => count >= 3);
    expect(cgroups.read(top)?.memory?.rss).to.satisfy((rss: number) => rss >= 39 * mib);
  });

  it('show throttling', async () => {
    await using lab = openLab();
    const { cgroups, top } = lab;
    await cgroups.update(top, { cpuQuota: 5000n, cpuPeriod: 50_000n }, soon());
    lab.run(top, 'while :; do :; done');
    const throttled = await eventually(
      () => cgroups.read(top)?.cpu?.throttledPeriods ?? 0,
      (count) => count >= 3,
    );
    expect(throttled).to.satisfy((count: number) => count >= 3);
    expect(cgroups.read(top)?.cpu?.throttledNs).to.satisfy((ns: number) => ns > 0);
  });

  it('end with the cgroup, also when another takes its name', async () => {
    await using lab = openLab();
    const { cgroups, top } = lab;
    const container = cgroups.child(top, 'container');
    cgroups.create(container);
    const reader = cgroups.reader(container);
    expect(reader.read()).to.not.equal(undefined);
    await cgroups.remove(container, soon());
    cgroups.create(container);
    expect(reader.read()).to.equal(undefined);
    expect(cgroups.read(container)).to.not.equal(undefined);
  });

  it('count OOM kills where they happened and above', async () => {
    await using lab = openLab();
    const { cgroups, top } = lab;
    const container = cgroups.child(top, 'container');
    cgroups.create(container);
    await cgroups.update(container, { memoryLimitBytes: 24n << 20n }, soon());
    const exec = cgroups.createExec(container, 'exec-1');
    expect(cgroups.oomKills(container)).to.equal(0n);
    lab.run(exec, 'tail /dev/zero');
    expect(
      await eventually(
        () => cgroups.oomKills(container),
        (kills) => kills === 1n,
      ),
    ).to.equal(1n);
    expect(cgroups.oomKills(top)).to.equal(1n);
    // An exec's cgroup has no memory controller on v2: there its memory is the container's own.
    const own = [cgroups.localOomKills(exec), cgroups.localOomKills(container)];
    expect(own).to.deep.equal(memoryVersion === 'v1' ? [1n, 0n] : [undefined, 1n]);
    expect(cgroups.read(container)?.memory?.failcnt).to.satisfy((count: number) => count > 0);
  });
});
