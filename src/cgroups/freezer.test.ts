import { expect } from 'chai';
import { errorFrom } from '../base/errors.ts';
import { openCgroups } from './cgroups.ts';
import { hybridMachine, unifiedMachine } from './fixture.test.ts';

const soon = () => AbortSignal.timeout(30);

describe('the freezer on made-up machines', () => {
  it('is cgroup.freeze on v2, and done when cgroup.events says so', async () => {
    using machine = unifiedMachine();
    machine.put({ 'unified/pod/cgroup.freeze': '0', 'unified/pod/cgroup.events': 'populated 1\nfrozen 1\n' });
    const cgroups = openCgroups({ sources: machine.sources });
    const pod = cgroups.parseParent('/pod');
    await cgroups.freeze(pod, soon());
    expect(machine.text('unified/pod/cgroup.freeze')).to.equal('1');
    expect(cgroups.frozen(pod)).to.equal(true);
    cgroups.thaw(pod);
    expect(machine.text('unified/pod/cgroup.freeze')).to.equal('0');
  });

  it('thaws again what does not hold still in time', async () => {
    using machine = unifiedMachine();
    machine.put({ 'unified/pod/cgroup.freeze': '0', 'unified/pod/cgroup.events': 'populated 1\nfrozen 0\n' });
    const cgroups = openCgroups({ sources: machine.sources });
    const pod = cgroups.parseParent('/pod');
    const error = errorFrom(await cgroups.freeze(pod, soon()).catch((thrown: unknown) => thrown));
    expect([error.code, error.message]).to.deep.equal([
      'deadline_exceeded',
      'freeze cgroup /pod: not all its processes hold still',
    ]);
    expect(machine.text('unified/pod/cgroup.freeze')).to.equal('0');
  });

  it('is freezer.state on v1, and thaws children frozen by themselves', async () => {
    using machine = hybridMachine();
    machine.put({ 'freezer/pod/freezer.state': 'THAWED\n', 'freezer/pod/exec/freezer.state': 'FROZEN\n' });
    const cgroups = openCgroups({ sources: machine.sources });
    const pod = cgroups.parseParent('/pod');
    await cgroups.freeze(pod, soon());
    expect(machine.text('freezer/pod/freezer.state').slice(0, 6)).to.equal('FROZEN');
    cgroups.thaw(pod);
    expect(machine.text('freezer/pod/freezer.state').slice(0, 6)).to.equal('THAWED');
    expect(machine.text('freezer/pod/exec/freezer.state').slice(0, 6)).to.equal('THAWED');
  });

  it('says so where there is none, and thaws it without a word', async () => {
    using machine = unifiedMachine();
    const cgroups = openCgroups({ sources: machine.sources });
    const gone = cgroups.parseParent('/gone');
    expect(cgroups.frozen(gone)).to.equal(false);
    cgroups.thaw(gone);
    const error = errorFrom(await cgroups.freeze(gone, soon()).catch((thrown: unknown) => thrown));
    expect(error.code).to.equal('not_found');
  });
});
