import { expect } from 'chai';
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { LinuxContainerResources as Resources } from '../../../api/cri/v1/api.ts';
import type { LinuxContainerResources } from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import { underSystemd } from '../../fixtures/daemon/groups.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { podWith, removePod, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestPod } from '../../fixtures/pods.ts';
import { mounts } from '../../leftovers/kernel.ts';
import { cgroupFile, fails, initPid } from './lab.ts';

const MiB = 1024n * 1024n;
const v2 = existsSync('/sys/fs/cgroup/cgroup.controllers');

describe('resources of a pod', () => {
  let cricket: Cricket;
  before(async () => (cricket = await startCricket()));
  after(async () => cricket.stop());
  afterEach(async () => cricket.removePods());

  const update = async (
    podSandboxId: string,
    wanted: { resources?: Partial<LinuxContainerResources>; overhead?: Partial<LinuxContainerResources> },
  ) => {
    const message = (given: Partial<LinuxContainerResources> | undefined) => given && filled(Resources, given);
    const request = { podSandboxId, overhead: message(wanted.overhead), resources: message(wanted.resources) };
    return cricket.client.runtime.updatePodSandboxResources(request);
  };
  /** Memory, quota and weight of a cgroup, as v1 says them. */
  function inForce(group: string) {
    const memory = cgroupFile(group, 'memory.limit_in_bytes', 'memory.max');
    const quota = v2 ? cgroupFile(group, 'cpu.max').split(' ')[0] : cgroupFile(group, 'cpu.cfs_quota_us');
    return { memory, quota, weight: Number(cgroupFile(group, 'cpu.shares', 'cpu.weight')) };
  }
  async function info(pod: TestPod): Promise<Record<string, unknown>> {
    const { info: told } = await cricket.client.runtime.podSandboxStatus({ podSandboxId: pod.id, verbose: true });
    return JSON.parse(told['info'] ?? '') as Record<string, unknown>;
  }

  const wish = {
    resources: { cpuShares: 1000n, cpuQuota: 50_000n, cpuPeriod: 100_000n, memoryLimitInBytes: 64n * MiB },
    overhead: { cpuShares: 24n, cpuQuota: 10_000n, cpuPeriod: 100_000n, memoryLimitInBytes: 6n * MiB },
  };

  it('hold, with its overhead, in a cgroup that is ours', async () => {
    const pod = await runPod(cricket, { name: 'a', ...wish });
    await runContainer(cricket, pod, { name: 'c', resources: { memoryLimitInBytes: 32n * MiB } });
    const limits = { memory: String(70n * MiB), quota: '60000', weight: v2 ? 100 : 1024 };
    expect(inForce(cricket.podCgroup(pod.id))).to.deep.equal(limits);
    expect(await info(pod)).to.deep.include({ cgroupOwner: 'cricket' });
  });

  it('are those of an update, in part, over a restart; and none of it where a part fails', async () => {
    const pod = await runPod(cricket, { name: 'a', ...wish });
    const group = cricket.podCgroup(pod.id);
    await update(pod.id, { resources: { memoryLimitInBytes: 128n * MiB, cpuQuota: 70_000n, cpuPeriod: 100_000n } });
    const limits = { memory: String(134n * MiB), quota: '80000', weight: v2 ? 100 : 1024 };
    expect(inForce(group)).to.deep.equal(limits);
    await cricket.restart();
    const told = await info(pod);
    expect(told['resources']).to.deep.include({ memory_limit_in_bytes: Number(128n * MiB), cpu_shares: 1000 });
    expect(told['overhead']).to.deep.include({ memory_limit_in_bytes: Number(6n * MiB) });
    const bad = { cpuShares: 7n, memoryLimitInBytes: 200n * MiB, cpusetCpus: '4095' };
    await fails(update(pod.id, { resources: bad }), 'INVALID_ARGUMENT', 'cpuset.cpus');
    expect(inForce(group)).to.deep.equal(limits);
    expect(await info(pod)).to.deep.include({ resources: told['resources'] });
    await update(pod.id, { overhead: { memoryLimitInBytes: 2n * MiB } });
    expect(inForce(group).memory).to.equal(String(130n * MiB));
  });

  it("are left to who made the pod's cgroup, and told", async function () {
    if (underSystemd) this.skip(); // slices are made by systemd: test/vm/driver.test.ts
    const cgroupParent = `${cricket.cgroup}/kubepods-pod7`;
    const trees = mounts().filter(({ type }) => type.startsWith('cgroup'));
    const made = trees.map(({ point }) => join(point, cgroupParent));
    for (const directory of made) mkdirSync(directory, { recursive: true });
    const pod = await runPod(cricket, { name: 'a', cgroupParent, ...wish });
    await update(pod.id, { resources: { memoryLimitInBytes: 128n * MiB } });
    const told = await info(pod);
    expect(told).to.deep.include({ cgroupOwner: 'caller' });
    expect(told['resources']).to.deep.include({ memory_limit_in_bytes: Number(128n * MiB), cpu_quota: 50_000 });
    for (const group of trees.map(({ point }) => join(point, cgroupParent, 'memory.limit_in_bytes')))
      if (existsSync(group)) expect(BigInt(inForce(cgroupParent).memory) > 2n ** 60n).to.equal(true);
    await removePod(cricket, pod.id);
    for (const directory of made) rmdirSync(directory);
  });

  it('hold below the root too, which names no parent: a kubelet with cgroupsPerQOS: false says so', async () => {
    const pod = await runPod(cricket, { name: 'a', cgroupParent: '/', ...wish });
    const container = await runContainer(cricket, pod, { name: 'c' });
    expect(inForce(cricket.podCgroup(pod.id)).memory).to.equal(String(70n * MiB));
    const cgroups = readFileSync(`/proc/${await initPid(cricket, container)}/cgroup`, 'utf8');
    expect(cgroups).to.contain(cricket.containerCgroup(pod.id, container.id));
    expect(await info(pod)).to.deep.include({ cgroupOwner: 'cricket' });
  });

  it('that mean nothing are refused, and leave nothing', async () => {
    for (const [limits, code, said] of [
      [{ resources: { cpuPeriod: 10n } }, 'INVALID_ARGUMENT', 'cpu period'],
      [{ overhead: { memoryLimitInBytes: -2n } }, 'INVALID_ARGUMENT', 'overhead.memory_limit_in_bytes'],
      [{ resources: { cpusetCpus: '4095' } }, 'INVALID_ARGUMENT', 'cpuset.cpus'],
    ] as const) {
      const config = podWith(cricket, { name: 'a', ...limits });
      await fails(cricket.client.runtime.runPodSandbox({ config, runtimeHandler: '' }), code, said);
    }
    expect(await cricket.left()).to.deep.equal([]);
    await fails(update('a'.repeat(64), {}), 'NOT_FOUND', 'sandbox');
    const pod = await runPod(cricket, { name: 'b' });
    await cricket.client.runtime.stopPodSandbox({ podSandboxId: pod.id });
    await fails(update(pod.id, { resources: { cpuShares: 5n } }), 'FAILED_PRECONDITION', 'it is stopped');
  });
});
