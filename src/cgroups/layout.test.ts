import { expect } from 'chai';
import { hybridMachine, unifiedMachine } from './fixture.test.ts';
import { homeOfFile } from './group.ts';
import { findLayout } from './layout.ts';

const hugepages: string[] = [];
const line = (device: string, rest: string) => `31 23 0:${device} ${rest}`;

describe('cgroups: layout', () => {
  it('finds each controller of a hybrid machine where it is mounted', () => {
    using machine = hybridMachine();
    const { layout, dir } = machine;
    expect(layout.version).to.equal('v1');
    expect(layout.homes.get('cpu')?.dir).to.equal(`${dir}/cpu,cpuacct`);
    expect(layout.homes.get('cpuacct')).to.equal(layout.homes.get('cpu'));
    expect(layout.unified?.dir).to.equal(`${dir}/unified`);
    expect(layout.hierarchies).to.have.length(10);
    expect(layout.hugepageSizes).to.deep.equal(['2MB', '1GB']);
  });

  it('is v2 when no v1 hierarchy holds a controller', () => {
    using machine = unifiedMachine();
    expect(machine.layout.version).to.equal('v2');
    expect([...machine.layout.homes.keys()]).to.include.members(['cpu', 'memory', 'io', 'pids']);
    const systemd = line('77', `/ ${machine.dir}/systemd rw - cgroup cgroup rw,xattr,name=systemd`);
    const mixed = findLayout({ mountinfo: `${machine.sources.mountinfo}\n${systemd}`, hugepages });
    expect(mixed.version).to.equal('v2');
    expect(mixed.hierarchies).to.have.length(2);
  });

  it('takes a controller that v1 left alone from v2, and says so file by file', () => {
    using machine = hybridMachine();
    machine.put({ 'unified/cgroup.controllers': 'rdma\n' });
    const layout = findLayout(machine.sources);
    expect(layout.version).to.equal('v1');
    expect(homeOfFile(layout, 'rdma.max')).to.equal(layout.unified);
    expect(homeOfFile(layout, 'cpu.pressure')).to.equal(layout.unified);
    expect(homeOfFile(layout, 'cpu.stat')?.version).to.equal('v1');
    expect(homeOfFile(layout, 'misc.max')).to.equal(undefined);
  });

  it('prefers the mount that shows the whole of a hierarchy, and reads escapes', () => {
    const part = line('40', '/docker/ab /part rw - cgroup cgroup rw,memory');
    const whole = line('40', '/ /with\\040space rw - cgroup cgroup rw,memory');
    for (const mountinfo of [`${part}\n${whole}`, `${whole}\n${part}`]) {
      const layout = findLayout({ mountinfo, hugepages });
      expect(layout.hierarchies.map((hierarchy) => hierarchy.dir)).to.deep.equal(['/with space']);
    }
  });

  it('refuses a machine without cgroups and names the mend', () => {
    const mountinfo = line('40', '/ /proc rw - proc proc rw');
    expect(() => findLayout({ mountinfo, hugepages }))
      .to.throw(/mount -t cgroup2/)
      .with.property('code', 'failed_precondition');
  });
});
