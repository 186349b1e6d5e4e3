import { expect } from 'chai';
import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { removePod, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../../fixtures/pods.ts';

/** Nanoseconds for which a look stands, whoever asks. */
const freshNs = 100_000_000n;

describe('looks at figures', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  let pod: TestPod;
  let stays: TestContainer;
  before(async () => {
    cricket = await startCricket();
    pod = await runPod(cricket, { name: 'stays' });
    stays = await runContainer(cricket, pod, { name: 'main' });
  });
  after(async () => cricket.stop());

  const containers = async () => (await cricket.client.runtime.listContainerStats()).stats;
  const pods = async () => (await cricket.client.runtime.listPodSandboxStats()).stats;

  it('are one for all who ask within a tenth of a second, and say when they were', async () => {
    const times = new Set<bigint>();
    for (let i = 0; i < 10; i++) {
      const begun = BigInt(Date.now()) * 1_000_000n;
      const [alone, inPod] = await Promise.all([containers(), pods()]);
      const first = alone[0]?.cpu?.timestamp ?? 0n;
      const second = inPod[0]?.linux?.containers[0]?.cpu?.timestamp ?? 0n;
      const apart = second > first ? second - first : first - second;
      expect(apart === 0n || apart >= freshNs, `${apart} ns apart`).to.equal(true);
      expect(begun - first <= freshNs + 1_000_000n, 'no older than that').to.equal(true);
      times.add(first);
      await delay(150);
    }
    expect(times.size, 'a new look each time').to.equal(10);
  });

  it('tell of those that are there while others go', async () => {
    const names = Array.from({ length: 6 }, (_, i) => `goes-${i}`);
    const going = await Promise.all(names.map(async (name) => runPod(cricket, { name })));
    for (const one of going) await runContainer(cricket, one, { name: 'main' });
    let isGoing = true;
    const gone = Promise.all(going.map(async ({ id }) => removePod(cricket, id))).finally(() => (isGoing = false));
    while (isGoing) {
      const [alone, inPods, metrics] = await Promise.all([
        containers(),
        pods(),
        cricket.client.runtime.listPodSandboxMetrics(),
      ]);
      expect(alone.map(({ attributes }) => attributes?.id)).to.include(stays.id);
      expect(inPods.map(({ attributes }) => attributes?.id)).to.include(pod.id);
      expect(metrics.podMetrics.map(({ podSandboxId }) => podSandboxId)).to.include(pod.id);
    }
    await gone;
    expect((await containers()).map(({ attributes }) => attributes?.id)).to.deep.equal([stays.id]);
  });

  it('hold no descriptor of what is gone once somebody asks again', async () => {
    const other = await runPod(cricket, { name: 'held' });
    const container = await runContainer(cricket, other, { name: 'main' });
    await pods();
    expect(heldOf(container.id), 'while it runs').not.to.deep.equal([]);
    expect(heldOf(other.id), 'while it is there').not.to.deep.equal([]);
    await removePod(cricket, other.id);
    await pods();
    expect([...heldOf(container.id), ...heldOf(other.id)]).to.deep.equal([]);
  });

  /** Files of cgroups that the daemon has open and that have this in their path. */
  function heldOf(id: string): readonly string[] {
    const directory = `/proc/${cricket.pid}/fd`;
    return readdirSync(directory)
      .map((fd) => target(`${directory}/${fd}`))
      .filter((path) => path.startsWith('/sys/fs/cgroup/') && path.includes(id));
  }
});

/** Empty where it was closed meanwhile. */
function target(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}
