import { expect } from 'chai';
import { CricketError } from '../../../src/base/errors.ts';
import type { Resources } from '../../../src/cgroups/resources.ts';
import { eventually, openLab, soon } from './lab.ts';
import type { Lab } from './lab.ts';

const mib = 1n << 20n;
/** Holds 40 MiB that cannot be reclaimed. */
const hold = '(head -c 41943040 /dev/zero; sleep 100) | tail -c 41943041';

async function refusal(lab: Lab, resources: Resources): Promise<string> {
  try {
    await lab.cgroups.update(lab.top, resources, soon());
    return 'none';
  } catch (error) {
    return error instanceof CricketError ? `${error.code}: ${error.message}` : String(error);
  }
}

describe('cgroups: limits of this machine', () => {
  it('are set, raised, lowered and read back', async () => {
    await using lab = openLab();
    const { cgroups, top } = lab;
    const set = (resources: Resources) => cgroups.update(top, resources, soon());
    await set({ memoryLimitBytes: 64n * mib, memorySwapLimitBytes: 64n * mib, pidsLimit: 50n });
    await set({ cpuShares: 512n, cpuQuota: 20_000n, cpuPeriod: 50_000n });
    expect(cgroups.limits(top)).to.deep.include({ memoryLimitBytes: 64n * mib, pidsLimit: 50n });
    const given = { cpuShares: 512n };
    expect(cgroups.limits(top, given)).to.deep.include({ ...given, cpuQuota: 20_000n, cpuPeriod: 50_000n });
    for (const size of [256n, 32n, 128n]) {
      await set({ memoryLimitBytes: size * mib, memorySwapLimitBytes: size * mib });
      expect(cgroups.limits(top).memoryLimitBytes).to.equal(size * mib);
    }
    await set({ memoryLimitBytes: 192n * mib });
    await set({ cpuPeriod: 100_000n });
    expect(cgroups.limits(top)).to.deep.include({ cpuQuota: 20_000n, cpuPeriod: 100_000n });
    await set({ memoryLimitBytes: -1n, memorySwapLimitBytes: -1n, cpuQuota: -1n, pidsLimit: -1n });
    expect(cgroups.limits(top)).to.not.have.any.keys('memoryLimitBytes', 'cpuQuota', 'pidsLimit');
  });

  it('below what is in use are refused, and the others put back', async () => {
    await using lab = openLab();
    const { cgroups, top } = lab;
    await cgroups.update(top, { memoryLimitBytes: 100n * mib, cpuShares: 512n }, soon());
    const pid = lab.run(top, hold);
    await eventually(
      () => cgroups.read(top)?.memory?.rss ?? 0,
      (rss) => rss > 38 * Number(mib),
    );
    expect(await refusal(lab, { cpuShares: 2048n, memoryLimitBytes: 20n * mib })).to.match(
      /^failed_precondition: .*memory/,
    );
    const before = { cpuShares: 512n, memoryLimitBytes: 100n * mib };
    expect(cgroups.limits(top, before)).to.deep.include(before);
    expect(cgroups.processes(top)).to.include(pid);
    expect(cgroups.oomKills(top)).to.equal(0n);
  });

  it('that the kernel does not take are refused with the file and the value', async () => {
    await using lab = openLab();
    expect(await refusal(lab, { cpusetCpus: '4000' })).to.match(/cpuset\.cpus of cgroup .* to "4000": E/);
  });

  it('of the cpuset reach the cgroups of running execs', async function () {
    await using lab = openLab();
    const { cgroups, top } = lab;
    // On v2 a cgroup without a list of its own uses its parent's: there is nothing to take along.
    if (cgroups.limits(top).cpusetCpus !== '0-1') this.skip(); // no list of its own, so nothing to take along
    const exec = cgroups.createExec(top, 'exec-1');
    lab.run(exec, 'exec sleep 100');
    await cgroups.update(top, { cpusetCpus: '1' }, soon());
    expect(cgroups.limits(top).cpusetCpus).to.equal('1');
    expect(cgroups.limits(exec).cpusetCpus).to.equal('1');
    await cgroups.update(top, { cpusetCpus: '0-1' }, soon());
    expect(cgroups.limits(exec).cpusetCpus).to.equal('0-1');
  });
});
