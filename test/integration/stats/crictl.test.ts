import { expect } from 'chai';
import { crictlFor } from '../../e2e/crictl/crictl.ts';
import type { Crictl } from '../../e2e/crictl/crictl.ts';
import type { DescriptorsView, PodMetricsView, PodStatsView } from '../../e2e/crictl/views.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../../fixtures/pods.ts';

describe('figures as crictl shows them', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  let crictl: Crictl;
  let pod: TestPod;
  let other: TestPod;
  let container: TestContainer;
  before(async function () {
    this.timeout(600_000);
    cricket = await startCricket();
    crictl = crictlFor(cricket);
    pod = await runPod(cricket, { name: 'shown', labels: { app: 'one' } });
    other = await runPod(cricket, { name: 'other' });
    container = await runContainer(cricket, pod, { name: 'main' });
  });
  after(async () => cricket.stop());

  it('stats', async () => {
    const lines = (await crictl.ok('stats')).split('\n');
    expect(lines.at(-1)).to.match(
      new RegExp(`^${container.id.slice(0, 13)} +main +\\d+\\.\\d\\d +\\d+(\\.\\d+)?\\w?B +`),
    );
  });

  it('statsp: all pods, one by id, some by label', async () => {
    const table = await crictl.ok('statsp');
    // A sandbox that uses no memory is none of its rows.
    expect(table).to.match(/^shown +[0-9a-f]{13} +\d+\.\d\d +\d/m);
    const { stats } = await crictl.json<PodStatsView>('statsp', '-o', 'json', '--id', pod.id);
    expect(stats.map(({ attributes }) => attributes.id)).to.deep.equal([pod.id]);
    const linux = stats[0]?.linux;
    expect(linux?.containers.map(({ attributes }) => attributes.id)).to.deep.equal([container.id]);
    expect(linux?.network.defaultInterface.name).to.equal('eth0');
    expect(Number(linux?.process.processCount.value)).to.equal(2);
    const labelled = await crictl.json<PodStatsView>('statsp', '-o', 'json', '--label', 'app=one');
    expect(labelled.stats.map(({ attributes }) => attributes.id)).to.deep.equal([pod.id]);
    const empty = await crictl.json<PodStatsView>('statsp', '-o', 'json', '--id', other.id);
    expect(empty.stats[0]?.linux.containers ?? []).to.deep.equal([]);
  });

  it('metricsp, metricdescs', async () => {
    const { podMetrics } = await crictl.json<PodMetricsView>('metricsp', '-o', 'json');
    const mine = podMetrics.find(({ podSandboxId }) => podSandboxId === pod.id);
    expect(mine?.containerMetrics[0]?.metrics.map(({ name }) => name)).to.include('container_memory_working_set_bytes');
    const { descriptors } = await crictl.json<DescriptorsView>('metricdescs', '-o', 'json');
    expect(descriptors).to.have.length(56);
  });
});
