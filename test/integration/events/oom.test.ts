import { expect } from 'chai';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { eventually, exited, removePod, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer } from '../../fixtures/pods.ts';
import { mounts } from '../../leftovers/kernel.ts';
import { execIn, initPid, sh } from '../sandbox/lab.ts';
import { childHog, hog, hogLimit, journal, MiB } from './hogs.ts';

const names = Array.from({ length: 20 }, (_, i) => `c${i}`);

describe('an OOM kill', function () {
  // A machine in emulation starts a daemon in half a minute.
  this.timeout(300_000);
  let cricket: Cricket;
  before(async () => (cricket = await startCricket()));
  after(() => cricket.stop());

  const ooms = (container: string) => journal(cricket, 'event=oom', `container=${container}`);

  it('of the init is told with its process, memory and pod, and is the reason of the end', async () => {
    const pod = await runPod(cricket, { name: 'init-öom', namespace: 'nämespace', hostname: 'h' });
    const comm = 'a (b) ,pid=1,';
    const command = ['sh', '-c', `sleep 0.3; ${hog(comm)}`];
    const container = await runContainer(cricket, pod, { name: 'main', command, resources: hogLimit });
    const pid = await initPid(cricket, container);
    expect(await exited(cricket, container.id)).to.include({ exitCode: 137, reason: 'OOMKilled' });
    const [event, ...more] = await eventually(async () => {
      const found = await ooms(container.id);
      expect(found).to.have.length(1);
      return found;
    }, 2_000);
    expect(more).to.deep.equal([]);
    expect(event?.pod).to.deep.equal({ id: pod.id, namespace: 'nämespace', name: 'init-öom' });
    expect(event?.container).to.deep.equal({ id: container.id, name: 'main' });
    const limitBytes = Number(hogLimit.memoryLimitInBytes);
    expect(event?.attributes).to.deep.include({ victim: comm, pid, init: true, limitBytes, kills: 1 });
    expect(event?.attributes['rssBytes']).to.be.within(limitBytes / 4, limitBytes * 2);
    expect(event?.attributes['usageBytes']).to.be.within(limitBytes / 2, limitBytes);
    expect(cricket.log()).to.match(new RegExp(`"level":"warn".*${container.id}.*"OOM kill"`));
    const die = (await journal(cricket, 'event=die', `container=${container.id}`))[0];
    expect(die?.attributes).to.include({ exitCode: 137, signal: 'SIGKILL', reason: 'OOMKilled' });
    await removePod(cricket, pod.id);
  });

  it('of a child is an event and no end, whoever started it', async () => {
    const pod = await runPod(cricket, { name: 'child' });
    const container = await runContainer(cricket, pod, { name: 'main', resources: hogLimit });
    const pid = await initPid(cricket, container);
    expect((await execIn(cricket, container, ['sh', '-c', hog('exec-hog')])).code).to.equal(137);
    expect((await execIn(cricket, container, ['sh', '-c', `${childHog('grandchild')}; exit 4`])).code).to.equal(4);
    // In a cgroup of the container's own making, gone before anyone can look at its counter.
    const found = await eventually(async () => {
      const all = await ooms(container.id);
      expect(all).to.have.length(2);
      return all;
    }, 2_000);
    expect(found.map(({ attributes }) => attributes['victim'])).to.deep.equal(['exec-hog', 'grandchild']);
    expect(found.map(({ attributes }) => attributes['init'])).to.deep.equal([false, false]);
    expect(found.map(({ attributes }) => attributes['kills'])).to.deep.equal([1, 2]);
    expect(await initPid(cricket, container), 'still the same').to.equal(pid);
    expect(await sh(cricket, container, 'echo alive')).to.equal('alive');
    await cricket.client.runtime.stopContainer({ containerId: container.id, timeout: 5n });
    expect(await exited(cricket, container.id)).to.include({ exitCode: 0, reason: 'Completed' });
    await removePod(cricket, pod.id);
  });

  it('counts on where an earlier container of the name ended', async () => {
    const pod = await runPod(cricket, { name: 'again' });
    for (const attempt of [0, 1, 2]) {
      const command = ['sh', '-c', hog()];
      const container = await runContainer(cricket, pod, { name: 'main', attempt, command, resources: hogLimit });
      await exited(cricket, container.id);
      await cricket.client.runtime.removeContainer({ containerId: container.id });
      if (attempt === 1) await cricket.restart();
    }
    const kills = (
      await eventually(async () => {
        const all = await journal(cricket, 'event=oom', 'pod=again');
        expect(all).to.have.length(3);
        return all;
      })
    ).map(({ attributes }) => attributes['kills']);
    expect(kills).to.deep.equal([1, 2, 3]);
    await removePod(cricket, pod.id);
  });

  it('of a pod that ran out of memory together is told of the container that was hit', async () => {
    const pod = await runPod(cricket, { name: 'together' });
    limitMemory(cricket.podCgroup(pod.id), 24n * MiB);
    await runContainer(cricket, pod, { name: 'spared' });
    const container = await runContainer(cricket, pod, { name: 'hit', command: ['sh', '-c', `sleep 0.2; ${hog()}`] });
    await exited(cricket, container.id);
    const all = await eventually(async () => {
      const found = await journal(cricket, 'event=oom', 'pod=together');
      expect(found).to.have.length(1);
      return found;
    }, 2_000);
    expect(all[0]?.container?.name).to.equal('hit');
    expect(all[0]?.attributes).to.include({ limitBytes: Number(24n * MiB) });
    // In a line that the kernel prints ten times in five seconds at most, for all of the machine.
    expect(all[0]?.attributes['scope'] ?? 'pod').to.equal('pod');
    await removePod(cricket, pod.id);
  });

  it('is lost in none of twenty containers that run out of memory at once', async () => {
    const pods = await Promise.all(['p0', 'p1', 'p2', 'p3'].map((name) => runPod(cricket, { name: `crowd-${name}` })));
    const wait = 'while [ ! -e /dev/shm/go ]; do sleep 0.5; done';
    const containers: TestContainer[] = [];
    for (const [turn, name] of names.entries()) {
      const pod = pods[turn % pods.length];
      if (pod === undefined) throw new Error('no pod');
      const script = turn % 2 === 0 ? `${wait}; ${hog(name)}` : `${wait}; ${childHog(name)}; sleep 600`;
      const wish = { name, command: ['sh', '-c', script], resources: hogLimit };
      containers.push(await runContainer(cricket, pod, wish));
    }
    // Shared memory is the pod's: one word to each of the four.
    const touch = ['touch', '/dev/shm/go'];
    await Promise.all(containers.slice(0, pods.length).map(async (one) => execIn(cricket, one, touch)));
    const all = await eventually(async () => {
      const found = (await journal(cricket, 'event=oom')).filter(({ pod }) => pod?.name.startsWith('crowd-') === true);
      expect(found).to.have.length(20);
      return found;
    }, 60_000);
    expect(new Set(all.map(({ container }) => container?.id))).to.deep.equal(new Set(containers.map(({ id }) => id)));
    for (const { container, pod, attributes } of all) {
      const turn = names.indexOf(container?.name ?? '');
      expect(pod?.id, container?.name).to.equal(pods[turn % pods.length]?.id);
      // The kernel says of ten in five seconds in which cgroup they were; the others are found out.
      if (attributes['victim'] !== undefined)
        expect(attributes).to.include({ victim: container?.name, init: turn % 2 === 0 });
    }
    const named = all.filter(({ attributes }) => attributes['victim'] !== undefined).length;
    expect(named).to.be.at.least(10);
    for (const pod of pods) await removePod(cricket, pod.id);
  });
});

/** As the kubelet does for a whole pod. */
function limitMemory(group: string, bytes: bigint): void {
  const trees = mounts().filter(({ type }) => type.startsWith('cgroup'));
  const files = trees.flatMap(({ point }) =>
    ['memory.limit_in_bytes', 'memory.max'].map((name) => join(point, group, name)),
  );
  const file = files.find((path) => existsSync(path));
  if (file === undefined) throw new Error(`cgroup ${group} has no memory limit`);
  writeFileSync(file, String(bytes));
}
