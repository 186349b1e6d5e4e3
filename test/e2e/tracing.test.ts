import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageSpec } from '../../api/cri/v1/api.ts';
import { connectCri, filled } from '../../hack/lib/cri-client.ts';
import type { CriClient } from '../../hack/lib/cri-client.ts';
import { demoImage } from '../../hack/lib/demo-image.ts';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { pushImage } from '../fixtures/images/push.ts';
import { startRegistry } from '../fixtures/images/registry.ts';
import type { Registry } from '../fixtures/images/registry.ts';
import { startCollector } from '../fixtures/otlp/collector.ts';
import type { Collector } from '../fixtures/otlp/collector.ts';
import type { ReceivedSpan } from '../fixtures/otlp/spans.ts';
import { containerWith, eventually, podWith } from '../fixtures/pods.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const kubeletSpan = '00f067aa0ba902b7';

/** What each call of a pod's start is made of: spans by name, behind the name of the one they are inside. */
const expected = {
  PullImage: [
    ...['image.manifest', 'image.verify', 'image.config', 'image.commit'],
    ...['image.layer', 'image.layer > image.download', 'image.layer > image.unpack'],
  ],
  RunPodSandbox: ['pod.cgroup', 'pod.network', 'pod.network > pod.namespaces', 'pod.save'],
  CreateContainer: [
    ...['container.intent', 'container.rootfs', 'container.user', 'container.spec', 'container.edits'],
    ...['container.bundle', 'container.runtime', 'container.save'],
  ],
  StartContainer: ['container.intent', 'crun start', 'container.save'],
  ExecSync: ['exec.cgroup', 'exec.process', 'exec.run'],
} as const;

for (const protocol of ['grpc', 'http/protobuf', 'http/json'] as const)
  describe(`traces over ${protocol}`, function () {
    this.timeout(60_000);
    const scope = new AsyncDisposableStack();
    const dir = mkdtempSync(join(tmpdir(), 'cricket-traces-'));
    let collector: Collector;
    let registry: Registry;
    let cricket: Cricket;
    let client: CriClient;
    before(async () => {
      scope.defer(() => rmSync(dir, { recursive: true }));
      collector = scope.use(await startCollector(protocol === 'grpc' ? 'grpc' : 'http'));
      registry = await startRegistry({ dir: join(dir, 'registry') });
      scope.defer(async () => registry.stop());
      await pushImage({ url: registry.url }, 'demo/traced:1', demoImage());
      // One by the configuration, the other by the variables alone.
      const config = `tracing.endpoint = "${collector.endpoint}"\ntracing.protocol = "grpc"\n`;
      const named = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: protocol };
      const env = { OTEL_BSP_SCHEDULE_DELAY: '100', OTEL_RESOURCE_ATTRIBUTES: 'k8s.node.name=n1' };
      cricket = await startCricket({
        demo: false,
        config: `${protocol === 'grpc' ? config : ''}tracing.sample_per_million = 0`,
        env: protocol === 'grpc' ? env : { ...env, ...named },
      });
      scope.defer(async () => cricket.stop());
      const metadata = { traceparent: `00-${traceId}-${kubeletSpan}-01` };
      client = scope.use(connectCri(cricket.endpoint, { metadata }));
    });
    after(async () => scope.disposeAsync());

    it('show each call of the start of a pod below its caller, and each step below its call', async () => {
      const image = `${registry.host}/demo/traced:1`;
      await client.image.pullImage({ image: filled(ImageSpec, { image }) });
      const sandboxConfig = podWith(cricket, { name: 'traced', namespace: 'shop' });
      const { podSandboxId } = await client.runtime.runPodSandbox({ config: sandboxConfig });
      const config = containerWith({ name: 'web', image });
      const { containerId } = await client.runtime.createContainer({ podSandboxId, config, sandboxConfig });
      await client.runtime.startContainer({ containerId });
      await client.runtime.execSync({ containerId, cmd: ['true'], timeout: 10n });
      await eventually(() => expect(collector.spans.map(callOf)).to.include('ExecSync'));

      for (const [call, steps] of Object.entries(expected)) {
        const rpc = collector.spans.find((span) => callOf(span) === call);
        if (rpc === undefined) throw new Error(`no span of ${call}`);
        expect(rpc).to.include({ traceId, parentSpanId: kubeletSpan, status: 0 });
        expect(rpc.attributes['rpc.grpc.status_code']).to.equal('0');
        expect(below(collector.spans, rpc)).to.have.members(steps);
      }
      const run = collector.spans.find((span) => callOf(span) === 'RunPodSandbox');
      expect(run?.attributes).to.include({ 'k8s.pod.name': 'traced', 'k8s.namespace.name': 'shop' });
      expect(run?.resource).to.include({ 'service.name': 'cricket', 'k8s.node.name': 'n1' });
    });

    it('go on in a stream that an answered call has promised', async () => {
      const sandboxConfig = podWith(cricket, { name: 'streamed' });
      const { podSandboxId } = await client.runtime.runPodSandbox({ config: sandboxConfig });
      const config = containerWith({ name: 'web', image: `${registry.host}/demo/traced:1` });
      const { containerId } = await client.runtime.createContainer({ podSandboxId, config, sandboxConfig });
      await client.runtime.startContainer({ containerId });
      const { url } = await client.runtime.exec({ containerId, cmd: ['true'], stdout: true });
      const socket = new WebSocket(url.replace('http', 'ws'), ['v5.channel.k8s.io']);
      await new Promise((resolve) => socket.addEventListener('close', resolve, { once: true }));
      await eventually(() => {
        const rpc = collector.spans.find((span) => callOf(span) === 'Exec');
        const stream = collector.spans.find(({ name }) => name === 'stream.exec');
        expect(stream).to.include({ traceId, parentSpanId: rpc?.spanId });
        const steps = collector.spans.filter(({ parentSpanId }) => parentSpanId === stream?.spanId);
        expect(steps.map(({ name }) => name)).to.include.members(['exec.cgroup', 'exec.process']);
      });
    });

    it('mark the step that failed, and what was undone', async () => {
      const sandboxConfig = podWith(cricket, { name: 'broken' });
      const { podSandboxId } = await client.runtime.runPodSandbox({ config: sandboxConfig });
      const image = `${registry.host}/demo/traced:1`;
      const config = containerWith({
        name: 'none',
        image,
        mounts: [{ hostPath: '/proc/no-such', containerPath: '/m' }],
      });
      await client.runtime.createContainer({ podSandboxId, config, sandboxConfig }).catch(() => undefined);
      await eventually(() => {
        const failed = collector.spans.filter(({ status }) => status === 2).map(callOf);
        expect(failed).to.have.members(['CreateContainer', 'container.spec']);
        expect(collector.spans.map(({ name }) => name)).to.include('undo files');
      });
    });

    it('leave their id in the lines of the log', () => {
      const lines = cricket.log().trim().split('\n');
      const told = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
      const ofCall = told.find(({ msg, rpc }) => msg === 'call answered' && rpc === 'RunPodSandbox');
      const rpc = collector.spans.find((span) => callOf(span) === 'RunPodSandbox');
      expect(ofCall).to.include({ trace_id: traceId, span_id: rpc?.spanId });
      expect(told.find(({ msg }) => msg === 'sandbox ready')).to.include({ trace_id: traceId });
      expect(told.find(({ msg }) => msg === 'serving')).not.to.have.property('trace_id');
    });

    it('have only what the caller samples, where nothing else is wanted', async () => {
      await cricket.client.runtime.version();
      await client.runtime.status();
      await eventually(() => expect(collector.spans.map(callOf)).to.include('Status'));
      expect(collector.spans.map(callOf)).not.to.include('Version');
    });
  });

const callOf = ({ name }: ReceivedSpan) => name.slice(name.lastIndexOf('/') + 1);

/** Nanoseconds by which the SDK's clock, which begins each trace with Date.now, may be off. */
const clockStep = 2_000_000n;

/** What is below a span, by its way there. Errors: one that lies outside its parent's time. */
function below(spans: readonly ReceivedSpan[], parent: ReceivedSpan, way = ''): string[] {
  return spans
    .filter(({ parentSpanId }) => parentSpanId === parent.spanId)
    .flatMap((child) => {
      const inside =
        child.start >= parent.start - clockStep &&
        child.end <= parent.end + clockStep &&
        child.traceId === parent.traceId;
      if (!inside) throw new Error(`${child.name} is not inside ${parent.name}`);
      return [`${way}${child.name}`, ...below(spans, child, `${way}${child.name} > `)];
    });
}
