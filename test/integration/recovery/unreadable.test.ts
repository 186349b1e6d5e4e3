import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ContainerState, PodSandboxState } from '../../../api/cri/v1/api.ts';
import { imageSpec } from '../../../hack/lib/cri-messages.ts';
import { demoReference, startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { containerStatus, eventually, podStatus, removePod, runContainer, runPod } from '../../fixtures/pods.ts';
import { expectReleased, isAlive, pidsOf } from './kernel.ts';

/** What becomes of a record: each with a pod and container of its own. */
const newer = (text: string) => JSON.stringify({ ...(JSON.parse(text) as object), version: 99 });
const damages: Readonly<Record<string, Damage>> = {
  'cut short': { change: (text) => text.slice(0, text.length - 40) },
  'no JSON at all': { change: () => '\0\0\0\0' },
  empty: { change: () => '' },
  'of a newer version': { change: newer },
  'with a damaged state': { file: 'state', change: (text) => text.slice(1) },
  'with a newer state': { file: 'state', change: newer },
};

interface Damage {
  readonly file?: 'state';
  readonly change: (text: string) => string;
}

describe('records that cannot be read', function () {
  this.timeout(60_000);
  let cricket: Cricket;

  before(async () => {
    cricket = await startCricket();
  });
  after(async () => cricket.stop());

  const recordOf = (kind: 'pod' | 'container', id: string) => join(cricket.root, `${kind}s`, id, `${kind}.json`);
  const damage = (kind: 'pod' | 'container', id: string, { file, change }: Damage) => {
    const path = file === undefined ? recordOf(kind, id) : join(cricket.root, `${kind}s`, id, 'state.json');
    writeFileSync(path, change(readFileSync(path, 'utf8')));
  };

  it('leaves containers running whose records are damaged, lists them, stops and removes them', async () => {
    const pod = await runPod(cricket, { name: 'holder' });
    const all = await Promise.all(
      Object.entries(damages).map(async ([what, how]) => {
        const container = await runContainer(cricket, pod, { name: what.replaceAll(' ', '-') });
        return { what, how, container, ...(await pidsOf(cricket, container)) };
      }),
    );
    await cricket.sigkill();
    for (const { container, how } of all) damage('container', container.id, how);
    await cricket.start();

    const { containers } = await cricket.client.runtime.listContainers();
    for (const { what, container, init, monitor } of all) {
      const listed = containers.find(({ id }) => id === container.id);
      expect(listed?.state, what).to.equal(ContainerState.CONTAINER_UNKNOWN);
      expect((await containerStatus(cricket, container.id)).state, what).to.equal(ContainerState.CONTAINER_UNKNOWN);
      expect([isAlive(init), isAlive(monitor)], what).to.deep.equal([true, true]);
    }
    expect((await podStatus(cricket, pod.id)).state).to.equal(PodSandboxState.SANDBOX_READY);
    // No layer they stand on may go.
    await cricket.client.image.removeImage({ image: imageSpec(demoReference) }).catch(() => undefined);

    const [first, second, ...others] = all;
    if (first === undefined || second === undefined) throw new Error('too few');
    expect(execFileSync('ls', [`/proc/${first.init}/root/bin/busybox`], { encoding: 'utf8' })).to.contain('busybox');
    await cricket.client.runtime.stopContainer({ containerId: first.container.id.slice(0, 12), timeout: 10n });
    await eventually(() => expect([isAlive(first.init), isAlive(first.monitor)]).to.deep.equal([false, false]));
    await cricket.client.runtime.removeContainer({ containerId: first.container.id });
    // Without a stop before it.
    await cricket.client.runtime.removeContainer({ containerId: second.container.id });
    for (const { container, init, monitor } of [first, second]) {
      expect([isAlive(init), isAlive(monitor)]).to.deep.equal([false, false]);
      expectReleased(cricket, container.id);
    }
    expect(others.every(({ init }) => isAlive(init))).to.equal(true);
    await removePod(cricket, pod.id);
    expect(await cricket.left()).to.deep.equal([]);
    expect(others.some(({ init, monitor }) => isAlive(init) || isAlive(monitor))).to.equal(false);
  });

  it('leaves sandboxes as they are whose records are damaged, lists them, stops and removes them', async () => {
    if (!(await hasDemo())) await cricket.importDemo();
    const all = await Promise.all(
      [...Object.entries(damages), ['gone', undefined] as const].map(async ([what, how]) => {
        const pod = await runPod(cricket, { name: what.replaceAll(' ', '-') });
        const container = await runContainer(cricket, pod, { name: 'main' });
        return { what, how, pod, container, ...(await pidsOf(cricket, container)) };
      }),
    );
    const leases = readdirSync(join(cricket.root, 'network/leases'));
    expect(leases).to.have.length(all.length);
    await cricket.sigkill();
    for (const { pod, how } of all)
      if (how === undefined) rmSync(recordOf('pod', pod.id));
      else damage('pod', pod.id, how);
    await cricket.start();

    const { items } = await cricket.client.runtime.listPodSandbox();
    const { containers } = await cricket.client.runtime.listContainers();
    for (const { what, pod, container, init } of all) {
      expect(items.find(({ id }) => id === pod.id)?.state, what).to.equal(PodSandboxState.SANDBOX_NOTREADY);
      expect((await podStatus(cricket, pod.id)).state, what).to.equal(PodSandboxState.SANDBOX_NOTREADY);
      expect(containers.find(({ id }) => id === container.id)?.state, what).to.equal(ContainerState.CONTAINER_RUNNING);
      expect(isAlive(init), what).to.equal(true);
    }
    const told = all.find(({ what }) => what === 'of a newer version');
    const shown = items.find(({ id }) => id === told?.pod.id);
    expect(shown?.metadata?.name).to.equal('of-a-newer-version');
    // Their addresses are not given to others.
    const fresh = await runPod(cricket, { name: 'fresh' });
    expect(readdirSync(join(cricket.root, 'network/leases')))
      .to.include.members(leases)
      .and.have.length(leases.length + 1);
    await removePod(cricket, fresh.id);

    for (const [turn, { what, pod, container, init, monitor }] of all.entries()) {
      if (turn % 2 === 0) {
        await cricket.client.runtime.stopPodSandbox({ podSandboxId: pod.id });
        await eventually(() => expect([isAlive(init), isAlive(monitor)], what).to.deep.equal([false, false]));
        await cricket.client.runtime.removeContainer({ containerId: container.id });
      }
      await cricket.client.runtime.removePodSandbox({ podSandboxId: pod.id });
      expect([isAlive(init), isAlive(monitor)], what).to.deep.equal([false, false]);
    }
    expect(await cricket.left()).to.deep.equal([]);
    expect((await cricket.client.runtime.listPodSandbox()).items).to.deep.equal([]);
  });

  const hasDemo = async () =>
    (await cricket.client.image.imageStatus({ image: imageSpec(demoReference) })).image !== undefined;
});
