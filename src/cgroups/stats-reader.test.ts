import { expect } from 'chai';
import { readdirSync, readlinkSync, rmSync } from 'node:fs';
import { openCgroups } from './cgroups.ts';
import { hybridMachine } from './fixture.test.ts';
import type { Machine } from './fixture.test.ts';

function heldIn(machine: Machine): number {
  return readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).startsWith(machine.dir)).length;
}

/** The descriptor that lists the directory is closed by the time it is looked at. */
function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

describe('cgroups: readers with held descriptors', () => {
  it('see new values, hold what they opened and let go when disposed', () => {
    using machine = hybridMachine();
    machine.put({ 'pids/pod/pids.current': '1\n', 'pids/pod/pids.max': 'max\n' });
    const cgroups = openCgroups({ sources: machine.sources });
    const reader = cgroups.reader(cgroups.parseParent('/pod'));
    expect(reader.read()?.pids?.current).to.equal(1);
    expect(heldIn(machine)).to.equal(2);
    machine.put({ 'pids/pod/pids.current': '12\n' });
    expect(reader.read()?.pids?.current).to.equal(12);
    reader[Symbol.dispose]();
    reader[Symbol.dispose]();
    expect(heldIn(machine)).to.equal(0);
    expect(reader.read()).to.equal(undefined);
  });

  it('see hierarchies that come later', () => {
    using machine = hybridMachine();
    machine.put({ 'pids/pod/pids.current': '1\n' });
    const cgroups = openCgroups({ sources: machine.sources });
    using reader = cgroups.reader(cgroups.parseParent('/pod'));
    expect(reader.read()?.cpu).to.equal(undefined);
    machine.put({ 'cpu,cpuacct/pod/cpuacct.usage': '5\n' });
    expect(reader.read()?.cpu?.usageNs).to.equal(5);
  });

  it('open anew at each read when too many hold', () => {
    using machine = hybridMachine();
    machine.put({ 'pids/pod/pids.current': '1\n' });
    const cgroups = openCgroups({ sources: machine.sources, heldReaders: 1 });
    const pod = cgroups.parseParent('/pod');
    const first = cgroups.reader(pod);
    first.read();
    const second = cgroups.reader(pod);
    expect(second.read()?.pids?.current).to.equal(1);
    expect(heldIn(machine)).to.equal(1);
    first[Symbol.dispose]();
    using third = cgroups.reader(pod);
    third.read();
    expect(heldIn(machine), 'the place is free again').to.equal(1);
  });

  it('give up on a cgroup of which nothing is there', () => {
    using machine = hybridMachine();
    const cgroups = openCgroups({ sources: machine.sources });
    const reader = cgroups.reader(cgroups.parseParent('/pod'));
    expect(reader.read()).to.equal(undefined);
    machine.put({ 'pids/pod/pids.current': '1\n' });
    expect(reader.read(), 'a reader is of one cgroup, not of its name').to.equal(undefined);
    rmSync(`${machine.dir}/pids/pod`, { recursive: true });
  });
});
