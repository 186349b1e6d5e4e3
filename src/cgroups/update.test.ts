import { expect } from 'chai';
import { CricketError } from '../base/errors.ts';
import { openCgroups } from './cgroups.ts';
import type { Cgroups } from './cgroups.ts';
import { hybridMachine, unifiedMachine } from './fixture.test.ts';
import type { Machine } from './fixture.test.ts';
import type { Resources } from './resources.ts';

const signal = new AbortController().signal;
/** `ok`, or `code: message` of the error. */
async function codeOf(work: Promise<void>): Promise<string> {
  try {
    await work;
    return 'ok';
  } catch (error) {
    return error instanceof CricketError ? `${error.code}: ${error.message}` : String(error);
  }
}

function v1(machine: Machine): { cgroups: Cgroups; update: (resources: Resources) => Promise<void> } {
  machine.put({
    'cpu,cpuacct/pod/cpu.shares': '1024\n',
    'cpu,cpuacct/pod/cpu.cfs_quota_us': '-1\n',
    'cpu,cpuacct/pod/cpu.cfs_period_us': '100000\n',
    'memory/pod/memory.limit_in_bytes': '100000000\n',
  });
  const cgroups = openCgroups({ sources: machine.sources });
  return { cgroups, update: (resources) => cgroups.update(cgroups.parseParent('/pod'), resources, signal) };
}

describe('cgroups: update', () => {
  it('writes what is given and leaves the rest', async () => {
    using machine = hybridMachine();
    const { update, cgroups } = v1(machine);
    await update({ cpuShares: 2048n, memoryLimitBytes: 200_000_000n, cpuQuota: 0n, cpusetCpus: '' });
    expect(machine.text('cpu,cpuacct/pod/cpu.shares')).to.match(/^2048/);
    expect(machine.text('cpu,cpuacct/pod/cpu.cfs_quota_us')).to.equal('-1\n');
    expect(cgroups.limits(cgroups.parseParent('/pod'))).to.deep.include({ memoryLimitBytes: 200_000_000n });
  });

  it('lowers memory from a Worker', async () => {
    using machine = hybridMachine();
    const { update } = v1(machine);
    await update({ memoryLimitBytes: 50_000_000n });
    expect(machine.text('memory/pod/memory.limit_in_bytes')).to.match(/^50000000/);
  });

  it('puts back what was written when a later write fails', async () => {
    using machine = hybridMachine();
    const { update } = v1(machine);
    const answer = await codeOf(
      update({ cpuShares: 2048n, cpuQuota: 50_000n, memoryLimitBytes: 200_000_000n, pidsLimit: 5n }),
    );
    expect(answer).to.match(/^failed_precondition: set pids.max of cgroup \/pod: this host has no such file/);
    expect(machine.text('cpu,cpuacct/pod/cpu.shares')).to.match(/^1024/);
    expect(machine.text('cpu,cpuacct/pod/cpu.cfs_quota_us')).to.match(/^-1/);
    expect(machine.text('memory/pod/memory.limit_in_bytes')).to.match(/^100000000/);
  });

  it('takes the cpusets of exec cgroups along, and no others', async () => {
    using machine = hybridMachine();
    const { update } = v1(machine);
    machine.put({
      'cpuset/pod/cpuset.cpus': '0-3\n',
      'cpuset/pod/exec-1/cpuset.cpus': '0-3\n',
      'cpuset/pod/other/cpuset.cpus': '2-3\n',
    });
    await update({ cpusetCpus: '0-1' });
    expect(machine.text('cpuset/pod/cpuset.cpus')).to.match(/^0-1/);
    expect(machine.text('cpuset/pod/exec-1/cpuset.cpus')).to.match(/^0-1/);
    expect(machine.text('cpuset/pod/other/cpuset.cpus')).to.equal('2-3\n');
  });

  it('says what is wrong with values, before anything is written', async () => {
    using machine = hybridMachine();
    const { update } = v1(machine);
    const wrong: readonly (readonly [Resources, RegExp])[] = [
      [{ cpuPeriod: 999n }, /^invalid_argument: resources: cpu period is "999", allowed is 1000 to/],
      [{ cpuQuota: 10n }, /^invalid_argument: .*cpu quota/],
      [{ cpuShares: -5n }, /^invalid_argument: .*cpu shares/],
      [{ memoryLimitBytes: 20n, memorySwapLimitBytes: 10n }, /^invalid_argument: .*at least the memory limit 20/],
      [{ cpusetCpus: '0-' }, /^invalid_argument: .*cpuset/],
      [{ hugepages: [{ pageSize: '../x', limit: 1n }] }, /^invalid_argument: .*huge page/],
      [{ unified: { 'cgroup.kill': '1' } }, /^invalid_argument: .*unified/],
      [{ unified: { '../memory.max': '1' } }, /^invalid_argument: .*unified/],
      [
        { unified: { 'memory.high': '1' } },
        /^failed_precondition: .*unified memory.high cannot be set here: this host has cgroup v1/,
      ],
    ];
    for (const [resources, answer] of wrong) {
      expect(await codeOf(update({ cpuShares: 7n, ...resources }))).to.match(answer);
    }
    expect(machine.text('cpu,cpuacct/pod/cpu.shares')).to.equal('1024\n');
  });

  it('knows an absent cgroup', async () => {
    using machine = hybridMachine();
    const cgroups = openCgroups({ sources: machine.sources });
    expect(await codeOf(cgroups.update(cgroups.parseParent('/pod'), {}, signal))).to.match(/^not_found/);
  });

  it('writes unified values last on v2', async () => {
    using machine = unifiedMachine();
    machine.put({ 'unified/pod/memory.max': 'max\n', 'unified/pod/memory.high': 'max\n' });
    const cgroups = openCgroups({ sources: machine.sources });
    const pod = cgroups.parseParent('/pod');
    await cgroups.update(pod, { memoryLimitBytes: 4096n, unified: { 'memory.high': '2048' } }, signal);
    expect(machine.text('unified/pod/memory.max')).to.equal('4096');
    expect(machine.text('unified/pod/memory.high')).to.equal('2048');
  });
});
