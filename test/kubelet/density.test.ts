import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { listCgroups } from '../fixtures/kubelet/cgroups.ts';
import { startNode } from '../fixtures/kubelet/node.ts';
import type { TestNode } from '../fixtures/kubelet/node.ts';
import { sleeping, staticPod } from '../fixtures/kubelet/static-pod.ts';
import { logLines, viewOf } from '../fixtures/kubelet/views.ts';
import { eventually } from '../fixtures/pods.ts';

const podCount = 60;
const rounds = 5;
const neighbours = Array.from({ length: 20 }, (_, i) => `crash-${i}`);
const limitMs = 240_000;

describe('a real kubelet starts sixty pods at once, and ends them', function () {
  this.timeout(2 * limitMs);
  let node: TestNode;
  let registry: Server;
  before(async function () {
    this.timeout(600_000);
    // Says that it is one, and then nothing more: a pull from it never ends.
    registry = createServer(() => undefined).listen(0, '127.0.0.1');
    node = await startNode({ kubelet: { maxPods: 250, serializeImagePulls: false } });
    // The image is there before the first round, as on any node that is not new.
    node.run('first', staticPod({ name: 'first', script: sleeping }));
    await eventually(
      async () => expect((await viewOf(node.kubelet(), 'first')).pod.status.phase).to.equal('Running'),
      limitMs,
    );
  });
  after(async () => {
    registry.closeAllConnections();
    registry.close();
    await node[Symbol.asyncDispose]();
  });

  async function round(number: number): Promise<void> {
    const names = Array.from({ length: podCount }, (_, i) => `many-${number}-${i}`);
    const wanted = new Set(names.map((name) => `${name}-${node.kubelet().nodeName}`));
    const ours = async () => (await node.kubelet().pods()).filter(({ metadata }) => wanted.has(metadata.name));
    for (const name of names) node.run(name, staticPod({ name, script: sleeping }));
    await eventually(async () => {
      const running = (await ours()).filter(({ status }) => status.phase === 'Running');
      expect(running, 'pods that run').to.have.length(podCount);
    }, limitMs);
    const pods = await ours();
    const addresses = pods.map(({ status }) => status.podIP);
    expect(new Set(addresses).size, 'addresses').to.equal(podCount);
    for (const { status } of pods) expect(status.containerStatuses?.[0]?.restartCount).to.equal(0);
    for (const name of names) node.remove(name);
    const uids = pods.map(({ metadata }) => metadata.uid);
    await eventually(async () => {
      expect(await ours(), 'pods that the kubelet knows').to.deep.equal([]);
      const groups = listCgroups(node.cgroupRoot).filter((path) => uids.some((uid) => path.endsWith(`/pod${uid}`)));
      expect(groups, 'cgroups of pods').to.deep.equal([]);
    }, limitMs);
  }

  /** Sandboxes are collected once a minute. */
  const onlyTheseLeft = async (names: readonly string[]) =>
    eventually(async () => {
      const { items } = await node.cricket.client.runtime.listPodSandbox();
      expect(new Set(items.map(({ labels }) => labels['app']))).to.deep.equal(new Set(names));
    }, 120_000);

  for (let number = 1; number <= rounds; number += 1) it(`round ${number}`, async () => round(number));

  it('and nothing of them is left', async () => onlyTheseLeft(['first']));

  describe('beside twenty that crash without an end, and a pull that never does', () => {
    before(() => {
      for (const name of neighbours) node.run(name, staticPod({ name, script: 'exit 1' }));
      const image = `127.0.0.1:${(registry.address() as AddressInfo).port}/test/never:1`;
      node.run('puller', staticPod({ name: 'puller', script: '', container: { image } }));
    });

    for (let number = 1; number <= rounds; number += 1) it(`round ${number}`, async () => round(rounds + number));

    it('and nothing of them is left', async () => {
      await onlyTheseLeft(['first', 'puller', ...neighbours]);
      for (const name of neighbours) {
        expect((await viewOf(node.kubelet(), name)).main.restartCount, `restarts of ${name}`).to.be.greaterThan(1);
        expect(await node.sandboxes(name)).to.have.length(1);
      }
    });
  });

  describe('in the end', () => {
    it('and the kubelet had to wait for no answer longer than it would', async () => {
      expect(logLines(node.kubelet(), /DeadlineExceeded|code = (Internal|Unimplemented)/)).to.deep.equal([]);
      for (const name of ['first', 'puller', ...neighbours]) node.remove(name);
      await eventually(async () => expect(await node.kubelet().pods()).to.deep.equal([]), 120_000);
      await eventually(async () => expect(await node.cricket.left()).to.deep.equal([]), 120_000);
    });
  });
});
