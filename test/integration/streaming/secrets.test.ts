import { expect } from 'chai';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { startCollector } from '../../fixtures/otlp/collector.ts';
import type { Collector } from '../../fixtures/otlp/collector.ts';
import { eventually, runContainer, runPod } from '../../fixtures/pods.ts';
import { connectSpdy, requestUpgrade, spdyHeaders } from './spdy-client.ts';

describe('streaming: URLs are secrets', function () {
  this.timeout(40_000);
  let cricket: Cricket;
  let collector: Collector;
  before(async () => {
    collector = await startCollector('http');
    cricket = await startCricket({ config: `tracing.endpoint = "${collector.endpoint}"\nlog.level = "trace"\n` });
  });
  after(async () => {
    await cricket.stop();
    await collector[Symbol.asyncDispose]();
  });

  it('that are in no log, at any level, and in no span', async () => {
    const { runtime } = cricket.client;
    const pod = await runPod(cricket, { name: 'secrets' });
    const { id: containerId } = await runContainer(cricket, pod, { name: 'main' });
    const urls = [
      (await runtime.exec({ containerId, cmd: ['true'], stdout: true })).url,
      (await runtime.attach({ containerId, stdout: true })).url,
      (await runtime.portForward({ podSandboxId: pod.id, port: [80] })).url,
    ];
    const [first = '', ...others] = urls;
    const session = await connectSpdy(first);
    session.open({ streamtype: 'error' });
    session.open({ streamtype: 'stdout' });
    await eventually(() => expect(session.closed).to.equal(true));
    for (const url of [first, ...others]) (await requestUpgrade(url, spdyHeaders('nonsense'))).socket.destroy();
    const spans = () =>
      JSON.stringify(collector.spans, (_, value: unknown) => (typeof value === 'bigint' ? '' : value));
    for (const rpc of ['Exec', 'Attach', 'PortForward'])
      await eventually(() => expect(spans()).to.include(`RuntimeService/${rpc}`), 15_000);
    for (const text of [cricket.log(), spans()]) {
      expect(text).to.include('PortForward');
      for (const url of urls) {
        const { pathname, host } = new URL(url);
        const token = pathname.split('/').at(-1) ?? '';
        expect(token).to.have.length(32);
        expect(text.includes(token)).to.equal(false);
        expect(text.includes(`${host}/`)).to.equal(false);
      }
    }
  });
});
