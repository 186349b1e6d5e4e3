import { expect } from 'chai';
import { hybridMachine, unifiedMachine } from './fixture.test.ts';
import { reportOf } from './host-report.ts';
import { findLayout } from './layout.ts';

const procCgroups = '#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t0\t1\t0\nhugetlb\t0\t1\t1\n';

describe('cgroups: report of the host', () => {
  it('finds nothing wrong with a whole hybrid machine', () => {
    using machine = hybridMachine();
    const report = reportOf(machine.layout, procCgroups);
    expect(report).to.deep.include({ version: 'v1', hybrid: true, missing: [], leftToV2: [], mend: [] });
    expect(report.controllers.find((fact) => fact.name === 'io')?.dir).to.equal(`${machine.dir}/blkio`);
  });

  it('names a controller that was left to v2 and the mount that mends it', () => {
    using machine = hybridMachine();
    machine.put({ 'unified/cgroup.controllers': 'hugetlb\n' });
    const without = machine.sources.mountinfo.split('\n').filter((line) => !line.includes('/hugetlb '));
    const report = reportOf(findLayout({ ...machine.sources, mountinfo: without.join('\n') }), procCgroups);
    expect(report.leftToV2).to.deep.equal(['hugetlb']);
    const target = `${machine.dir}/hugetlb`;
    expect(report.mend).to.deep.equal([`mkdir -p ${target} && mount -t cgroup -o hugetlb cgroup ${target}`]);
    expect(report.missing).to.deep.equal([]);
  });

  it('mounts what is nowhere too, under its v1 name', () => {
    using machine = hybridMachine();
    const without = machine.sources.mountinfo.split('\n').filter((line) => !line.includes('/blkio '));
    const layout = findLayout({ ...machine.sources, mountinfo: without.join('\n') });
    const report = reportOf(layout, 'blkio\t0\t1\t1\n');
    expect(report.missing).to.deep.equal(['io']);
    expect(report.mend.join()).to.match(/mount -t cgroup -o blkio cgroup .*\/blkio$/);
  });

  it('says why one is missing', () => {
    using machine = unifiedMachine();
    machine.put({ 'unified/cgroup.controllers': 'cpu io\n' });
    const report = reportOf(findLayout(machine.sources), procCgroups);
    expect(report).to.deep.include({ version: 'v2', hybrid: false, missing: ['memory', 'pids', 'cpuset', 'hugetlb'] });
    const why = Object.fromEntries(report.controllers.map((fact) => [fact.name, fact.why]));
    expect(why).to.deep.include({ memory: 'disabled at boot', hugetlb: 'not mounted', pids: 'not in this kernel' });
  });
});
