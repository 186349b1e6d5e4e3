import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { eventually } from '../fixtures/pods.ts';
import { crashPod, eaterPod, steadyPod } from './kubelet/manifests.ts';
import { startNode } from '../fixtures/kubelet/node.ts';
import type { TestNode } from '../fixtures/kubelet/node.ts';
import { isReady, viewOf } from '../fixtures/kubelet/views.ts';

/** The kubelet then relists every five minutes only: what it knows of a pod it has from our events. */
describe('a real kubelet that lives on events', function () {
  this.timeout(180_000);
  let node: TestNode;
  before(async function () {
    this.timeout(600_000);
    node = await startNode({ featureGates: { EventedPLEG: true } });
    node.run('steady', steadyPod());
    node.run('crash', crashPod());
    node.run('eater', eaterPod());
  });
  after(async () => node[Symbol.asyncDispose]());

  const view = async (name: string) => viewOf(node.kubelet(), name);

  it('has them, and none without the status of its pod', async () => {
    await eventually(() => expect(node.cricket.log()).to.contain('"rpc":"StreamPodSandboxes"'), 60_000);
    await eventually(async () => expect(isReady((await view('steady')).pod)).to.equal(true), 120_000);
    const log = readFileSync(node.kubelet().logFile, 'utf8');
    const metrics = await (await fetch(`${node.kubelet().readOnlyUrl}/metrics`)).text();
    expect(metrics).to.match(/^kubelet_evented_pleg_connection_success_count 1$/m);
    expect(metrics).not.to.match(/^kubelet_evented_pleg_connection_error_count [1-9]/m);
    expect(log).not.to.match(/Fall back to Generic PLEG|nil PodSandboxStatus|Failed to get container events/);
  });

  it('learns of ends, and starts again what crashed', async () => {
    await eventually(async () => {
      const { main } = await view('crash');
      expect(main.restartCount).to.be.greaterThan(0);
      expect(main.lastState['terminated']).to.include({ exitCode: 3, reason: 'Error' });
    }, 90_000);
    await eventually(async () => {
      const { main } = await view('eater');
      expect(main.state['terminated']).to.include({ exitCode: 137, reason: 'OOMKilled' });
    }, 90_000);
  });

  it('deletes a pod to its end', async () => {
    for (const name of ['steady', 'crash', 'eater']) node.remove(name);
    await eventually(async () => expect(await node.kubelet().pods()).to.deep.equal([]), 120_000);
  });
});
