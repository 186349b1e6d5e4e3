import { expect } from 'chai';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { eventually, exited, removePod, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestPod } from '../../fixtures/pods.ts';
import { parseSeries, scrape } from '../../fixtures/scrape.ts';

const socket = '/run/cricket-test-oom-series.sock';
const resources = { memoryLimitInBytes: 24n << 20n, memorySwapLimitInBytes: 24n << 20n };
const greedy = ['sh', '-c', 'tail /dev/zero; sleep 3600'];

describe('container_oom_events_total', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  let pod: TestPod;
  before(async () => {
    cricket = await startCricket({ config: `metrics.address = "unix://${socket}"` });
    pod = await runPod(cricket, { name: 'greedy', namespace: 'shop' });
  });
  after(async () => cricket.stop());

  const told = async () => {
    const all = parseSeries((await scrape(socket)).text).filter(({ name }) => name === 'container_oom_events_total');
    return all.filter(({ labels }) => labels['pod'] === 'greedy').map(({ labels, value }) => ({ labels, value }));
  };
  const only = (value: number) => [{ labels: { container: 'main', namespace: 'shop', pod: 'greedy' }, value }];
  const toldSoon = async (value: number) =>
    eventually(async () => expect(await told()).to.deep.equal(only(value)), 10_000);

  it('counts on over restarts of container and daemon, and stays when the container and its pod are gone', async () => {
    const calm = await runContainer(cricket, pod, { name: 'main', resources });
    expect(await told()).to.deep.equal(only(0));
    await cricket.client.runtime.removeContainer({ containerId: calm.id });
    const first = await runContainer(cricket, pod, { name: 'main', attempt: 1, command: greedy, resources });
    await toldSoon(1);
    await cricket.client.runtime.stopContainer({ containerId: first.id, timeout: 0n });
    expect(await told()).to.deep.equal(only(1));
    await cricket.restart();
    expect(await told()).to.deep.equal(only(1));
    const second = await runContainer(cricket, pod, {
      ...{ name: 'main', attempt: 2, resources, command: ['tail', '/dev/zero'] },
    });
    expect((await exited(cricket, second.id)).reason).to.equal('OOMKilled');
    await toldSoon(2);
    await removePod(cricket, pod.id);
    expect(await told()).to.deep.equal(only(2));
  });
});
