import { expect } from 'chai';
import { existsSync, writeFileSync } from 'node:fs';
import { CricketError } from '../../../src/base/errors.ts';
import { findLayout, ownSources } from '../../../src/cgroups/layout.ts';
import { eventually, mountsOf, openLab, soon } from './lab.ts';

const freezer = findLayout(ownSources()).homes.get('freezer');

/** The same for what this machine has, and for its v1 and its v2 part alone. */
const machines = [
  { name: 'this machine', options: {} },
  ...(['cgroup', 'cgroup2'] as const)
    .filter((type) => mountsOf(type) !== '')
    .map((type) => ({
      name: `its ${type} mounts alone`,
      options: { sources: { mountinfo: mountsOf(type), hugepages: [] } },
    })),
];

for (const { name, options } of machines) {
  describe(`cgroups on ${name}`, () => {
    it('live from create to remove, and leave nothing', async () => {
      await using lab = openLab(options);
      const { cgroups, top } = lab;
      const container = cgroups.child(cgroups.child(top, 'pod'), 'container');
      cgroups.create(container);
      cgroups.create(container);
      const pid = lab.run(container, 'sleep 100 & sleep 100');
      await eventually(
        () => cgroups.processes(top).length,
        (count) => count === 3,
      );
      const exec = cgroups.createExec(container, 'exec-1');
      const inside = lab.run(exec, 'exec sleep 100');
      expect(cgroups.processes(container)).to.include.members([pid, inside]);
      expect(cgroups.processes(exec)).to.deep.equal([inside]);
      expect(cgroups.list(top)).to.deep.equal(['pod']);

      await cgroups.kill(exec, soon());
      await cgroups.remove(exec, soon());
      expect(cgroups.processes(container)).to.have.length(3);
      await cgroups.kill(top, soon());
      expect(cgroups.processes(top)).to.deep.equal([]);
      await cgroups.remove(top, soon());
      expect(cgroups.exists(top)).to.equal(false);
    });

    it('do not go while somebody is in them, and say who', async () => {
      await using lab = openLab(options);
      const pid = lab.run(lab.top, 'exec sleep 100');
      const error: unknown = await lab.cgroups.remove(lab.top, soon(60)).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(CricketError).with.property('code', 'deadline_exceeded');
      expect(String(error)).to.include(`processes ${pid} are in it`);
    });

    it('absent ones are killed and removed without an error', async () => {
      await using lab = openLab(options);
      const absent = lab.cgroups.child(lab.top, 'absent');
      await lab.cgroups.kill(absent, soon());
      await lab.cgroups.remove(absent, soon());
      expect(lab.cgroups.read(absent)).to.equal(undefined);
      expect(() => lab.cgroups.move(process.pid, absent))
        .to.throw()
        .with.property('code', 'not_found');
    });

    it('are emptied of what runs away by forking', async () => {
      await using lab = openLab(options);
      // Each process forks the next and ends: who is listed is gone when the signal comes. Bounded, in case it wins.
      lab.run(lab.top, 'flee() { [ $1 -gt 0 ] && flee $(($1 - 1)) & }; flee 100000');
      const first = lab.cgroups.processes(lab.top);
      await eventually(
        () => lab.cgroups.processes(lab.top),
        (now) => now.some((pid) => !first.includes(pid)),
      );
      await lab.cgroups.kill(lab.top, soon());
      expect(lab.cgroups.processes(lab.top)).to.deep.equal([]);
    });
  });
}

describe('cgroups with a v1 freezer', () => {
  before(function () {
    if (freezer?.version !== 'v1') this.skip(); // v2 has no freezer hierarchy to be stuck in
  });

  it('are emptied although somebody froze them', async () => {
    await using lab = openLab();
    const container = lab.cgroups.child(lab.top, 'container');
    lab.cgroups.create(container);
    lab.run(container, 'exec sleep 100');
    const state = `${freezer?.dir ?? ''}${container}/freezer.state`;
    expect(existsSync(state)).to.equal(true);
    writeFileSync(state, 'FROZEN');
    await lab.cgroups.kill(lab.top, soon());
    expect(lab.cgroups.processes(lab.top)).to.deep.equal([]);
  });
});
