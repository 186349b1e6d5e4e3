import { expect } from 'chai';
import { rmSync } from 'node:fs';
import { hybridMachine, unifiedMachine } from './fixture.test.ts';
import { MemberCount } from './member-count.ts';
import type { CgroupPath } from './path.ts';

const pod = '/pod' as CgroupPath;
const stat = (descendants: number) => `nr_descendants ${descendants}\nnr_dying_descendants 9\n`;

describe('cgroups: processes counted again and again', () => {
  it('are those of all below, whom no other PID namespace hides, as the tree changes', () => {
    using machine = unifiedMachine();
    machine.put({ 'unified/pod/cgroup.stat': stat(1), 'unified/pod/cgroup.procs': '12\n0\n' });
    machine.put({ 'unified/pod/a/cgroup.procs': '13\n14\n' });
    using members = new MemberCount(machine.layout, pod);
    expect(members.count()).to.equal(3);
    machine.put({ 'unified/pod/a/cgroup.procs': '13\n' });
    expect(members.count()).to.equal(2);
    machine.put({ 'unified/pod/b/cgroup.procs': '20\n21\n', 'unified/pod/cgroup.stat': stat(2) });
    expect(members.count()).to.equal(4);
    rmSync(`${machine.dir}/unified/pod/a`, { recursive: true });
    machine.put({ 'unified/pod/cgroup.stat': stat(1) });
    expect(members.count()).to.equal(3);
  });

  it('are looked for in v1 where the v2 tree beside it has none', () => {
    using machine = hybridMachine();
    machine.put({ 'pids/pod/cgroup.procs': '12\n', 'pids/pod/a/cgroup.procs': '13\n' });
    using members = new MemberCount(machine.layout, pod);
    expect(members.count()).to.equal(2);
    machine.put({ 'unified/pod/cgroup.stat': stat(0), 'unified/pod/cgroup.procs': '12\n13\n14\n' });
    expect(members.count()).to.equal(3);
  });
});
