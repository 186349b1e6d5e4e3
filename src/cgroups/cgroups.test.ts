import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { openCgroups } from './cgroups.ts';
import { hybridMachine, unifiedMachine } from './fixture.test.ts';

describe('cgroups on made-up machines', () => {
  it('create fills cpusets on the way down and makes every hierarchy', () => {
    using machine = hybridMachine();
    machine.put({ 'cpuset/kube/cpuset.cpus': '\n', 'cpuset/kube/cpuset.mems': '\n' });
    machine.put({ 'cpuset/kube/pod/cpuset.cpus': '\n', 'cpuset/kube/pod/cpuset.mems': '0\n' });
    const cgroups = openCgroups({ sources: machine.sources });
    cgroups.create(cgroups.parseParent('/kube/pod'));
    expect(machine.text('cpuset/kube/cpuset.cpus')).to.equal('0-3');
    expect(machine.text('cpuset/kube/pod/cpuset.cpus')).to.equal('0-3');
    expect(machine.text('cpuset/kube/pod/cpuset.mems')).to.equal('0\n');
    for (const name of ['cpu,cpuacct', 'memory', 'systemd', 'unified', 'freezer']) {
      expect(existsSync(`${machine.dir}/${name}/kube/pod`), name).to.equal(true);
    }
    expect(cgroups.exists(cgroups.parseParent('/kube/pod'))).to.equal(true);
    expect(cgroups.list(cgroups.parseParent('/kube'))).to.deep.equal(['pod']);
  });

  it('create enables on v2 what is there and not yet enabled, above the cgroup only', () => {
    using machine = unifiedMachine();
    machine.put({ 'unified/kube/cgroup.controllers': 'memory pids\n', 'unified/kube/cgroup.subtree_control': '\n' });
    machine.put({ 'unified/kube/pod/cgroup.subtree_control': '-' });
    const cgroups = openCgroups({ sources: machine.sources });
    cgroups.create(cgroups.parseParent('/kube/pod'));
    expect(machine.text('unified/cgroup.subtree_control')).to.equal('+cpu +pids +io +cpuset +hugetlb');
    expect(machine.text('unified/kube/cgroup.subtree_control')).to.equal('+memory +pids');
    expect(machine.text('unified/kube/pod/cgroup.subtree_control')).to.equal('-');
  });

  it('read nothing of a cgroup that is not there, and each part that is', () => {
    using machine = hybridMachine();
    const cgroups = openCgroups({ sources: machine.sources });
    const path = cgroups.parseParent('/pod');
    expect(cgroups.read(path)).to.equal(undefined);
    expect(cgroups.oomKills(path)).to.equal(undefined);
    expect(cgroups.processes(path)).to.deep.equal([]);
    machine.put({
      'cpu,cpuacct/pod/cpuacct.usage': '7\n',
      'unified/pod/cpu.pressure': 'some avg10=1.50 avg60=0.00 avg300=0.00 total=42\n',
    });
    expect(cgroups.read(path)?.pressure, 'without a process in the v2 tree').to.equal(undefined);
    machine.put({ 'unified/pod/cgroup.events': 'populated 1\nfrozen 0\n' });
    const stats = cgroups.read(path);
    expect(stats?.cpu?.usageNs).to.equal(7);
    expect(stats?.pressure?.cpu?.some).to.deep.equal({ avg10: 1.5, avg60: 0, avg300: 0, totalUs: 42 });
    expect(stats?.pressure?.cpu?.full.totalUs).to.equal(0);
    expect(stats?.memory).to.equal(undefined);
  });

  it('count members of the whole subtree, whom no other PID namespace hides', () => {
    using machine = hybridMachine();
    machine.put({ 'pids/pod/cgroup.procs': '12\n0\n', 'pids/pod/a/b/cgroup.procs': '13\n14\n' });
    const cgroups = openCgroups({ sources: machine.sources });
    expect(cgroups.processes(cgroups.parseParent('/pod'))).to.deep.equal([12, 13, 14]);
  });

  it('sum OOM kills up on v1 and trust the root of the subtree on v2', () => {
    using v1 = hybridMachine();
    v1.put({ 'memory/pod/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n' });
    v1.put({ 'memory/pod/c/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n' });
    const old = openCgroups({ sources: v1.sources });
    expect(old.oomKills(old.parseParent('/pod'))).to.equal(3n);
    expect(old.localOomKills(old.parseParent('/pod'))).to.equal(1n);

    using v2 = unifiedMachine();
    v2.put({ 'unified/pod/memory.events': 'max 9\noom_kill 3\n', 'unified/pod/memory.events.local': 'oom_kill 1\n' });
    v2.put({ 'unified/pod/c/memory.events': 'oom_kill 2\n' });
    const now = openCgroups({ sources: v2.sources });
    expect(now.oomKills(now.parseParent('/pod'))).to.equal(3n);
    expect(now.localOomKills(now.parseParent('/pod'))).to.equal(1n);
    const mountinfo = v2.sources.mountinfo.replace('nsdelegate', 'nsdelegate,memory_localevents');
    const each = openCgroups({ sources: { ...v2.sources, mountinfo } });
    expect(each.oomKills(each.parseParent('/pod'))).to.equal(5n);
  });
});
