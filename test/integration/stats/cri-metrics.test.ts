import { expect } from 'chai';
import { MetricType, NamespaceMode } from '../../../api/cri/v1/api.ts';
import type { Metric, MetricDescriptor, PodSandboxMetrics } from '../../../api/cri/v1/api.ts';
import { cadvisorSeries } from '../../fixtures/cadvisor.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { eventually, exited, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../../fixtures/pods.ts';
import { sh } from '../sandbox/lab.ts';

/** The names that critest 1.37 expects. */
const expected = cadvisorSeries.filter(({ critest }) => critest !== 'no');
const keys = ['container', 'id', 'image', 'name', 'namespace', 'pod'];
const isV2 = (metrics: readonly Metric[]) => !metrics.some(({ name }) => name === 'container_hugetlb_max_usage_bytes');

describe('metrics over CRI', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  let pod: TestPod;
  let onHost: TestPod;
  let container: TestContainer;
  let descriptors: readonly MetricDescriptor[];
  let metrics: PodSandboxMetrics;
  let all: readonly PodSandboxMetrics[];

  before(async () => {
    cricket = await startCricket();
    pod = await runPod(cricket, { name: 'measured', namespace: 'shop' });
    onHost = await runPod(cricket, { name: 'on-host', namespaces: { network: NamespaceMode.NODE } });
    await runContainer(cricket, onHost, { name: 'plain' });
    const resources = { memoryLimitInBytes: 64n << 20n, cpuQuota: 50_000n, cpuPeriod: 100_000n, cpuShares: 512n };
    const command = ['sh', '-c', 'while :; do dd if=/dev/zero of=/x bs=64k count=1 oflag=direct; sleep 0.1; done'];
    container = await runContainer(cricket, pod, { name: 'main', command, resources });
    const gone = await runContainer(cricket, pod, { name: 'gone', command: ['true'] });
    await exited(cricket, gone.id);
    ({ descriptors } = await cricket.client.runtime.listMetricDescriptors({}));
    await eventually(async () => {
      ({ podMetrics: all } = await cricket.client.runtime.listPodSandboxMetrics({}));
      metrics = all.find(({ podSandboxId }) => podSandboxId === pod.id) ?? expect.fail('no such sandbox');
      expect(ofContainer().map(({ name }) => name)).to.include.members([
        'container_fs_writes_total',
        'container_sockets',
        // A disk that is slow is not waited for.
        'container_fs_usage_bytes',
        'container_fs_limit_bytes',
      ]);
    }, 20_000);
  });
  after(async () => cricket.stop());

  const ofContainer = () => metrics.containerMetrics[0]?.metrics ?? [];
  const valueOf = (name: string, ...own: readonly string[]) => {
    const found = ofContainer().filter(
      (one) => one.name === name && own.every((label) => one.labelValues.includes(label)),
    );
    expect(found, name).to.have.length(1);
    return Number(found[0]?.value?.value);
  };

  it('describe the 56 names with their label keys', () => {
    expect(expected).to.have.length(56);
    expect(descriptors.map(({ name }) => name)).to.have.members(expected.map(({ name }) => name));
    for (const { name, labels } of expected) {
      const descriptor = descriptors.find((one) => one.name === name);
      expect(descriptor?.labelKeys, name).to.deep.equal([...keys, ...labels]);
      expect(descriptor?.help, name).to.match(/^[A-Z].*\.$/);
    }
  });

  it('tell every one of them, of the right type, with as many labels as keys, each once', () => {
    const told = [...metrics.metrics, ...ofContainer()];
    // Pages of a peak are counted by v1 alone, pressure by v2.
    const missing = expected.filter(({ name }) => !told.some((one) => one.name === name)).map(({ name }) => name);
    expect(missing).to.deep.equal(isV2(ofContainer()) ? ['container_hugetlb_max_usage_bytes'] : []);
    for (const metric of told) {
      const { type } = expected.find(({ name }) => name === metric.name) ?? {};
      expect(metric.metricType, metric.name).to.equal(type === 'counter' ? MetricType.COUNTER : MetricType.GAUGE);
      const { labelKeys = [] } = descriptors.find(({ name }) => name === metric.name) ?? {};
      expect(metric.labelValues, metric.name).to.have.length(labelKeys.length);
      expect(metric.timestamp, metric.name).to.equal(0n);
      expect(metric.value, metric.name).to.not.equal(undefined);
    }
    const identities = told.map(({ name, labelValues }) => JSON.stringify([name, labelValues]));
    expect(new Set(identities).size).to.equal(identities.length);
  });

  it('name the container and, of the network, the sandbox', () => {
    const group = cricket.containerCgroup(pod.id, container.id);
    const image = container.config.image?.image ?? '';
    for (const { labelValues } of ofContainer())
      expect(labelValues.slice(0, 6)).to.deep.equal(['main', group, image, container.id, 'shop', 'measured']);
    for (const { labelValues } of metrics.metrics)
      expect(labelValues.slice(0, 6)).to.deep.equal(['POD', cricket.podCgroup(pod.id), '', pod.id, 'shop', 'measured']);
    expect(new Set(metrics.metrics.map(({ labelValues }) => labelValues[6]))).to.deep.equal(new Set(['eth0']));
  });

  it('tell what was asked for and what is so', async () => {
    expect(valueOf('container_spec_cpu_quota')).to.equal(50_000);
    expect(valueOf('container_spec_cpu_period')).to.equal(100_000);
    expect(valueOf('container_spec_cpu_shares')).to.equal(512);
    expect(valueOf('container_spec_memory_limit_bytes')).to.equal(64 << 20);
    expect(valueOf('container_oom_events_total')).to.equal(0);
    expect(valueOf('container_last_seen')).to.be.within(Date.now() / 1000 - 60, Date.now() / 1000 + 1);
    expect(valueOf('container_start_time_seconds')).to.be.within(Date.now() / 1000 - 120, Date.now() / 1000 + 1);
    expect(valueOf('container_ulimits_soft', 'max_open_files')).to.equal(
      Number(await sh(cricket, container, 'ulimit -n')),
    );
    const [, bytes = ''] = (await sh(cricket, container, 'df -k / | tail -n 1')).split(/ +/);
    expect(valueOf('container_fs_limit_bytes')).to.equal(Number(bytes) * 1024);
  });

  it('tell of running containers only, and no network of a sandbox on the host', () => {
    expect(metrics.containerMetrics.map(({ containerId }) => containerId)).to.deep.equal([container.id]);
    const host = all.find(({ podSandboxId }) => podSandboxId === onHost.id);
    expect(host?.metrics).to.deep.equal([]);
    expect(host?.containerMetrics).to.have.length(1);
  });

  it('come in parts too', async () => {
    const streamed: PodSandboxMetrics[] = [];
    for await (const { podSandboxMetrics } of cricket.client.runtime.streamPodSandboxMetrics({}))
      streamed.push(...podSandboxMetrics);
    expect(streamed.map(({ podSandboxId }) => podSandboxId)).to.have.members([pod.id, onHost.id]);
  });
});
