import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import { ContainerStatsFilter } from '../../../api/cri/v1/api.ts';
import type { ContainerStats } from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { createContainer, eventually, exited, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../../fixtures/pods.ts';
import { fails, sh } from './lab.ts';

const MiB = 1024 * 1024;

describe('figures of containers', () => {
  let cricket: Cricket;
  let pod: TestPod;
  let other: TestPod;
  before(async () => {
    cricket = await startCricket();
    pod = await runPod(cricket, { name: 'a' });
    other = await runPod(cricket, { name: 'b' });
  });
  after(async () => cricket.stop());

  async function statsOf({ id }: TestContainer): Promise<ContainerStats> {
    const { stats } = await cricket.client.runtime.containerStats({ containerId: id });
    if (stats === undefined) throw new Error('the answer has no stats');
    return stats;
  }
  const listed = async (filter: Partial<ContainerStatsFilter>) => {
    const { stats } = await cricket.client.runtime.listContainerStats({ filter: filled(ContainerStatsFilter, filter) });
    return stats.map(({ attributes }) => attributes?.id);
  };
  const cpuOf = (stats: ContainerStats) => stats.cpu?.usageCoreNanoSeconds?.value ?? -1n;

  it('tell whose they are and when they were taken', async () => {
    const before = BigInt(Date.now() - 5) * 1_000_000n;
    const labels = { app: 'web' };
    const annotations = { note: 'x' };
    const container = await runContainer(cricket, pod, { name: 'whose', attempt: 3, labels, annotations });
    const stats = await statsOf(container);
    expect(stats.attributes).to.deep.equal({
      ...{ id: container.id, metadata: { name: 'whose', attempt: 3 }, labels, annotations },
    });
    for (const part of [stats.cpu, stats.memory, stats.writableLayer])
      expect((part?.timestamp ?? 0n) > before).to.equal(true);
  });

  it('of CPU time grow by what was used, and say the rate of a busy loop', async () => {
    const busy = await runContainer(cricket, pod, { name: 'busy', command: ['sh', '-c', 'while :; do :; done'] });
    const idle = await runContainer(cricket, pod, { name: 'idle' });
    const first = [await statsOf(busy), await statsOf(idle)] as const;
    await delay(1000);
    const second = [await statsOf(busy), await statsOf(idle)] as const;
    await cricket.client.runtime.removeContainer({ containerId: busy.id });
    const used = cpuOf(second[0]) - cpuOf(first[0]);
    const wall = (second[0].cpu?.timestamp ?? 0n) - (first[0].cpu?.timestamp ?? 0n);
    // How much of a busy machine it got is not ours to say, but no more than one CPU's time.
    expect(used > 20_000_000n && used <= wall + wall / 10n, `${used} of ${wall}`).to.equal(true);
    expect(cpuOf(second[1]) - cpuOf(first[1]) < used).to.equal(true);
    const rate = second[0].cpu?.usageNanoCores?.value ?? 0n;
    expect(rate > 20_000_000n && rate < 1_100_000_000n, `${rate} nanocores`).to.equal(true);
  });

  it('of memory show what a process holds, and what is left to the limit', async () => {
    const resources = { memoryLimitInBytes: BigInt(128 * MiB) };
    const command = [
      'sh',
      '-c',
      `x=$(head -c ${20 * MiB} /dev/zero | tr '\\0' x); echo \${#x} > /dev/shm/done; sleep 3600; true`,
    ];
    const container = await runContainer(cricket, pod, { name: 'eater', command, resources });
    await eventually(async () => sh(cricket, container, 'grep . /dev/shm/done'), 20_000);
    const { memory } = await statsOf(container);
    const [workingSet, available, usage] = [memory?.workingSetBytes, memory?.availableBytes, memory?.usageBytes].map(
      (value) => Number(value?.value ?? -1n),
    );
    expect(workingSet).to.be.within(20 * MiB, 128 * MiB);
    expect(usage)
      .to.be.at.least(workingSet ?? 0)
      .and.at.most(128 * MiB);
    expect((workingSet ?? 0) + (available ?? 0)).to.equal(128 * MiB);
    expect(Number(memory?.rssBytes?.value)).to.be.at.least(20 * MiB);
  });

  it('of memory name nothing left where there is no limit', async () => {
    const { memory } = await statsOf(await runContainer(cricket, pod, { name: 'free' }));
    expect(memory?.availableBytes).to.equal(undefined);
    expect(Number(memory?.workingSetBytes?.value)).to.be.greaterThan(0);
  });

  it('of the writable layer are what was written, on disk', async () => {
    const container = await runContainer(cricket, pod, {
      ...{
        name: 'writer',
        command: ['sh', '-c', `head -c ${8 * MiB} /dev/urandom > /data; mkdir /d; touch /d/a; sleep 3600`],
      },
    });
    await eventually(async () => sh(cricket, container, 'ls /d/a'), 20_000);
    await sh(cricket, container, 'sync');
    const { writableLayer } = await statsOf(container);
    expect(Number(writableLayer?.usedBytes?.value)).to.be.within(8 * MiB, 9 * MiB);
    expect(Number(writableLayer?.inodesUsed?.value)).to.be.within(3, 20);
    expect(writableLayer?.fsId?.mountpoint).to.equal(cricket.root);
  });

  it('are listed for what runs, and by every filter', async () => {
    const a = await runContainer(cricket, other, { name: 'a', labels: { app: 'one' } });
    const b = await runContainer(cricket, other, { name: 'b', labels: { app: 'two' } });
    const gone = await runContainer(cricket, other, { name: 'gone', command: ['true'] });
    await exited(cricket, gone.id);
    expect(await listed({ podSandboxId: other.id })).to.have.members([a.id, b.id]);
    expect(await listed({ podSandboxId: other.id.slice(0, 12) })).to.have.members([a.id, b.id]);
    expect(await listed({ id: a.id })).to.deep.equal([a.id]);
    expect(await listed({ labelSelector: { app: 'two' } })).to.deep.equal([b.id]);
    expect(await listed({ id: a.id, labelSelector: { app: 'two' } })).to.deep.equal([]);
    expect(await listed({})).to.include.members([a.id, b.id]);
  });

  it('are there for one that is created, and not for one that is not', async () => {
    const created = await createContainer(cricket, other, { name: 'created' });
    expect(Number((await statsOf(created)).memory?.usageBytes?.value)).to.be.at.least(0);
    await fails(statsOf({ ...created, id: 'f'.repeat(64) }), 'NOT_FOUND', 'not found');
    await fails(statsOf({ ...created, id: '' }), 'INVALID_ARGUMENT', 'empty');
  });
});
