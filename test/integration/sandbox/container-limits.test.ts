import { expect } from 'chai';
import { readFileSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import type { LinuxContainerResources } from '../../../api/cri/v1/api.ts';
import { Capability, HugepageLimit, LinuxContainerResources as Resources } from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { containerStatus, containerWith, createContainer, exited, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../../fixtures/pods.ts';
import { cgroupFile, execIn, fails, initPid, procStatus, sh } from './lab.ts';

const MiB = 1024n * 1024n;
const v2 = (() => {
  try {
    return readFileSync('/sys/fs/cgroup/cgroup.controllers', 'utf8').includes('memory');
  } catch {
    return false;
  }
})();

const hugepages = (pageSize: string, limit: bigint) => ({
  hugepageLimits: [filled(HugepageLimit, { pageSize, limit })],
});

describe('limits of a container', () => {
  let cricket: Cricket;
  let pod: TestPod;
  before(async () => {
    const config = `containers.pids_limit = 77
[ulimits.nofile]
soft = 1000
hard = 2000
[ulimits.core]
soft = 0
hard = 0`;
    cricket = await startCricket({ config });
    pod = await runPod(cricket, { name: 'a' });
  });
  after(async () => cricket.stop());
  afterEach(async () => {
    const { containers } = await cricket.client.runtime.listContainers();
    for (const { id } of containers) await cricket.client.runtime.removeContainer({ containerId: id });
  });

  const limited = async (resources: Partial<LinuxContainerResources>) =>
    runContainer(cricket, pod, { name: 'c', resources });
  const update = async ({ id }: TestContainer, linux: Partial<LinuxContainerResources>) =>
    cricket.client.runtime.updateContainerResources({ containerId: id, linux: filled(Resources, linux) });
  const told = async ({ id }: TestContainer) => (await containerStatus(cricket, id)).resources?.linux;

  /** Settings of its cgroup in v1's terms. */
  function inForce({ id }: TestContainer) {
    const group = cricket.containerCgroup(pod.id, id);
    const read = (...names: readonly string[]) => cgroupFile(group, ...names);
    const [quota, period] = v2 ? read('cpu.max').split(' ') : [read('cpu.cfs_quota_us'), read('cpu.cfs_period_us')];
    return {
      weight: Number(read('cpu.shares', 'cpu.weight')),
      quota: quota === 'max' ? -1 : Number(quota),
      period: Number(period),
      memory: read('memory.limit_in_bytes', 'memory.max'),
      cpus: read('cpuset.cpus'),
      pids: read('pids.max'),
    };
  }

  it('are none but the default of processes where none is set', async () => {
    const { quota, pids, memory } = inForce(await limited({}));
    expect({ quota, pids }).to.deep.equal({ quota: -1, pids: '77' });
    expect(memory === 'max' || BigInt(memory) > 2n ** 60n).to.equal(true);
  });

  it('are those of the kubelet, in force and in the status', async () => {
    const resources = {
      ...{ cpuShares: 512n, cpuQuota: 50_000n, cpuPeriod: 100_000n, cpusetCpus: '0', cpusetMems: '0' },
      ...{ memoryLimitInBytes: 64n * MiB, oomScoreAdj: 900n },
    };
    const container = await limited(resources);
    const { weight, ...rest } = inForce(container);
    expect(rest).to.deep.equal({ quota: 50_000, period: 100_000, memory: String(64n * MiB), cpus: '0', pids: '77' });
    expect(weight).to.equal(v2 ? 59 : 512);
    expect(await told(container)).to.include(resources);
    const pid = await initPid(cricket, container);
    expect(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8')).to.equal('900\n');
    expect(await sh(cricket, container, 'nproc')).to.equal('1');
  });

  it('limit memory and swap together to the memory alone where they are equal', async function () {
    const container = await limited({ memoryLimitInBytes: 64n * MiB, memorySwapLimitInBytes: 64n * MiB });
    const group = cricket.containerCgroup(pod.id, container.id);
    const value = cgroupFile(group, 'memory.memsw.limit_in_bytes', 'memory.swap.max');
    expect(value).to.equal(v2 ? '0' : String(64n * MiB));
  });

  it('give an oom_score_adj no lower than the daemon may give', async () => {
    const container = await limited({ oomScoreAdj: -999n });
    const pid = await initPid(cricket, container);
    const score = Number(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8'));
    const { info } = await cricket.client.runtime.containerStatus({ containerId: container.id, verbose: true });
    if (score !== -999) expect(info['info']).to.contain('oom_score_adj -999 was raised');
    expect((await told(container))?.oomScoreAdj).to.equal(-999n);
  });

  it('that were lowered for want of a capability are noted, and logged', async () => {
    const security = { capabilities: filled(Capability, { addCapabilities: ['ALL'] }) };
    const container = await runContainer(cricket, pod, { name: 'c', security, resources: { oomScoreAdj: -999n } });
    const { info } = await cricket.client.runtime.containerStatus({ containerId: container.id, verbose: true });
    const { notes = [] } = JSON.parse(info['info'] ?? '') as { readonly notes?: readonly string[] };
    const bounding = BigInt(`0x${procStatus(await initPid(cricket, container), 'CapBnd')}`);
    const all = (1n << BigInt(Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8')) + 1)) - 1n;
    expect(notes.some((note) => note.startsWith('capabilities left out'))).to.equal(bounding !== all);
    for (const note of notes) expect(cricket.log()).to.contain(note);
  });

  it("are the configuration's ulimits, not the daemon's own", async () => {
    const limits = readFileSync(`/proc/${await initPid(cricket, await limited({}))}/limits`, 'utf8');
    expect(limits)
      .to.match(/^Max open files +1000 +2000 /m)
      .and.match(/^Max core file size +0 +0 /m);
  });

  it('hold: a process over its number of processes is refused', async () => {
    const container = await limited({});
    const forks = 'for i in $(seq 90); do sleep 9 & done';
    const { code, stderr } = await execIn(cricket, container, ['sh', '-c', forks]);
    expect(code).not.to.equal(0);
    expect(stderr).to.contain("can't fork");
  });

  describe('updated', () => {
    it('change what is given and keep the rest, in force and in the status', async () => {
      const container = await limited({ cpuShares: 512n, memoryLimitInBytes: 64n * MiB, oomScoreAdj: 500n });
      await update(container, { cpuQuota: 20_000n, cpuPeriod: 50_000n, memoryLimitInBytes: 128n * MiB });
      const { quota, period, memory, weight } = inForce(container);
      expect([quota, period, memory]).to.deep.equal([20_000, 50_000, String(128n * MiB)]);
      expect(weight).to.equal(v2 ? 59 : 512);
      const expected = { cpuShares: 512n, cpuQuota: 20_000n, memoryLimitInBytes: 128n * MiB, oomScoreAdj: 500n };
      expect(await told(container)).to.include(expected);
    });

    it('are all as before when one of them fails', async () => {
      const container = await limited({ cpuShares: 512n, cpuQuota: 50_000n, cpuPeriod: 100_000n });
      const before = inForce(container);
      const status = await told(container);
      const bad = { cpuShares: 100n, cpuQuota: 10_000n, cpuPeriod: 100_000n, cpusetCpus: String(cpus().length + 5) };
      await fails(update(container, bad), 'INVALID_ARGUMENT', 'cpuset.cpus');
      expect(inForce(container)).to.deep.equal(before);
      expect(await told(container)).to.deep.equal(status);
    });

    it('give its processes another oom_score_adj, but those that gave themselves one', async () => {
      const container = await limited({ oomScoreAdj: 800n });
      const own = await sh(cricket, container, 'sleep 600 & echo 950 > /proc/$!/oom_score_adj; echo $!');
      await update(container, { oomScoreAdj: 900n });
      const scores = await sh(cricket, container, `cat /proc/1/oom_score_adj /proc/${own}/oom_score_adj; kill ${own}`);
      expect(scores.split('\n')).to.deep.equal(['900', '950']);
      expect(await told(container)).to.include({ oomScoreAdj: 900n });
      await update(container, { cpuShares: 5n });
      expect(await sh(cricket, container, 'cat /proc/1/oom_score_adj')).to.equal('900');
    });

    it('keep the allowance of swap where memory changes alone, and say so', async () => {
      const container = await limited({ memoryLimitInBytes: 64n * MiB, memorySwapLimitInBytes: 80n * MiB });
      await update(container, { memoryLimitInBytes: 96n * MiB });
      const group = cricket.containerCgroup(pod.id, container.id);
      const swap = cgroupFile(group, 'memory.memsw.limit_in_bytes', 'memory.swap.max');
      expect(swap).to.equal(String((v2 ? 16n : 112n) * MiB));
      expect(await told(container)).to.include({ memorySwapLimitInBytes: 112n * MiB });
    });

    it('are in force for a container that is not started yet, and refused for one that ended', async () => {
      const container = await createContainer(cricket, pod, { name: 'c' });
      await update(container, { memoryLimitInBytes: 32n * MiB });
      expect(inForce(container).memory).to.equal(String(32n * MiB));
      await cricket.client.runtime.stopContainer({ containerId: container.id });
      await fails(update(container, { cpuShares: 3n }), 'FAILED_PRECONDITION', 'exited');
      await fails(update({ ...container, id: 'a'.repeat(64) }, { cpuShares: 3n }), 'NOT_FOUND', 'container');
    });

    it('are told of one that ended afterwards', async () => {
      const container = await limited({ cpuShares: 512n });
      await update(container, { cpuShares: 300n });
      await cricket.client.runtime.stopContainer({ containerId: container.id });
      await exited(cricket, container.id);
      expect((await told(container))?.cpuShares).to.equal(300n);
    });
  });

  for (const [what, resources, said] of [
    ['a period below a millisecond', { cpuPeriod: 10n }, 'cpu period'],
    ['negative shares', { cpuShares: -5n }, 'cpu_shares'],
    ['a set of CPUs that is none', { cpusetCpus: '0;rm' }, 'cpuset'],
    ['an oom_score_adj out of range', { oomScoreAdj: 1001n }, 'oom_score_adj'],
    ['swap without memory', { memorySwapLimitInBytes: 9n * MiB }, 'without resources.memory_limit_in_bytes'],
    ['less memory and swap than memory', { memoryLimitInBytes: 9n * MiB, memorySwapLimitInBytes: 8n * MiB }, 'swap'],
    ['a huge page that is none', { hugepageLimits: [filled(HugepageLimit, { pageSize: 'big', limit: 1n })] }, 'page'],
    ['a cgroup file to climb out by', { unified: { '../x': '1' } }, 'unified'],
  ] as const)
    it(`are not ${what}`, async () => {
      const config = containerWith({ name: 'c', resources });
      const request = { podSandboxId: pod.id, config, sandboxConfig: pod.config };
      await fails(cricket.client.runtime.createContainer(request), 'INVALID_ARGUMENT', said);
    });

  for (const [what, resources, said] of [
    ['files of the other version of cgroups', { unified: { [v2 ? 'blkio.weight' : 'memory.high']: '1' } }, 'unified'],
    ['a size of huge pages that no kernel has', hugepages('3MB', 1n), 'huge pages of 3MB cannot be set here'],
  ] as const)
    it(`are not ${what}`, async () => {
      const container = await limited({});
      const refused = createContainer(cricket, pod, { name: 'd', resources: { cpuShares: 7n, ...resources } });
      await fails(refused, 'FAILED_PRECONDITION', said);
      await fails(update(container, { cpuShares: 7n, ...resources }), 'FAILED_PRECONDITION', said);
      expect(inForce(container).weight).not.to.equal(7);
    });

  it('may be none of huge pages that no kernel has: the kubelet names all sizes of its node', async () => {
    const container = await limited(hugepages('3MB', 0n));
    expect((await told(container))?.hugepageLimits).to.deep.equal(hugepages('3MB', 0n).hugepageLimits);
  });

  it('hold for each size of huge pages, with their reservations, after an update too', async () => {
    const sizes = readdirSync('/sys/kernel/mm/hugepages').map((name) => Number(/\d+/.exec(name)?.[0]) / 1024);
    for (const mib of sizes.filter(Number.isInteger)) {
      const pageSize = mib >= 1024 ? `${mib / 1024}GB` : `${mib}MB`;
      const bytes = BigInt(mib) * MiB;
      const container = await limited(hugepages(pageSize, bytes));
      const group = cricket.containerCgroup(pod.id, container.id);
      const limit = (kind: string) =>
        cgroupFile(group, `hugetlb.${pageSize}.${kind}limit_in_bytes`, `hugetlb.${pageSize}.${kind}max`);
      expect([limit(''), limit('rsvd.')]).to.deep.equal([String(bytes), String(bytes)]);
      await update(container, hugepages(pageSize, 2n * bytes));
      expect([limit(''), limit('rsvd.')]).to.deep.equal([String(2n * bytes), String(2n * bytes)]);
      await cricket.client.runtime.removeContainer({ containerId: container.id });
    }
  });

  it('that do not fit this host are said to', async () => {
    const config = containerWith({ name: 'c', resources: { cpusetCpus: String(cpus().length + 7) } });
    const request = { podSandboxId: pod.id, config, sandboxConfig: pod.config };
    const { containerId } = await cricket.client.runtime.createContainer(request);
    const message = await fails(
      cricket.client.runtime.startContainer({ containerId }),
      'FAILED_PRECONDITION',
      /cpuset.*; name what this host and the pod have/,
    );
    expect(message).to.contain('container c cannot be started: ');
  });
});
