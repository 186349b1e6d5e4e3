import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { staticPod } from '../../fixtures/kubelet/static-pod.ts';
import { startNode } from '../../fixtures/kubelet/node.ts';
import type { TestNode } from '../../fixtures/kubelet/node.ts';
import { isReady, viewOf } from '../../fixtures/kubelet/views.ts';
import { eventually, podStatus } from '../../fixtures/pods.ts';
import { CniLab } from '../../integration/cni/lab.ts';

describe('a real kubelet on a CNI network', function () {
  this.timeout(120_000);
  const lab = new CniLab();
  const hostPort = randomInt(20_000, 29_000);
  let node: TestNode;
  before(async function () {
    this.timeout(600_000);
    node = await startNode({ network: lab.network('cni') });
  });
  after(async () => {
    await node[Symbol.asyncDispose]();
    await lab.stop();
  });

  it('waits for the network, and then has pods in the range that it chose, with probes and host ports', async () => {
    const listen = 'while :; do echo hello | nc -l -p 8080; done';
    const readinessProbe = { tcpSocket: { port: 8080 }, periodSeconds: 1 };
    const ports = [{ containerPort: 8080, hostPort }];
    node.run('web', staticPod({ name: 'web', script: listen, container: { ports, readinessProbe } }));
    await eventually(() => {
      expect(readFileSync(node.kubelet().logFile, 'utf8'), 'why it waits').to.contain(
        `there is no CNI configuration in ${lab.confDir}`,
      );
    }, 30_000);
    expect(await node.sandboxes('web')).to.deep.equal([]);

    const ipam = { type: 'host-local', dataDir: `${lab.dir}/taken`, routes: [{ dst: '0.0.0.0/0' }] };
    const bridge = { ...lab.bridgePlugin({ ipam, capabilities: { ipRanges: true } }), type: 'trouble' };
    const portmap = { type: 'portmap', snat: true, capabilities: { portMappings: true } };
    lab.write('10-net.conflist', lab.chain([bridge, portmap]));
    const { pod } = await eventually(async () => {
      const seen = await viewOf(node.kubelet(), 'web');
      expect(isReady(seen.pod), 'Ready').to.equal(true);
      return seen;
    }, 60_000);
    expect(lab.taken()).to.deep.equal([pod.status.podIP]);
    expect(pod.status.podIP?.replace(/\d+$/, '0/24')).to.equal(node.podCidr);
    await eventually(async () => expect(await text(connect(hostPort, '127.0.0.1'))).to.equal('hello\n'));
    const [args = ''] = lab.calls('ADD').map(({ variables }) => variables['CNI_ARGS']);
    expect(args).to.contain('K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-');

    await node.cricket.restart();
    const [id = ''] = await node.sandboxes('web');
    expect((await podStatus(node.cricket, id)).network?.ip).to.equal(pod.status.podIP);
    node.remove('web');
    await eventually(() => expect(lab.taken()).to.deep.equal([]), 60_000);
  });
});
