import { expect } from 'chai';
import { ContainerState } from '../../../api/cri/v1/api.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import {
  containerStatus,
  containerWith,
  createContainer,
  podStatus,
  podWith,
  runContainer,
  runPod,
} from '../../fixtures/pods.ts';
import type { TestPod } from '../../fixtures/pods.ts';
import { execIn, fails, sh } from './lab.ts';

const ten = <T>(call: () => Promise<T>) => Promise.all(Array.from({ length: 10 }, call));

describe('a request that comes again', () => {
  let cricket: Cricket;
  before(async () => (cricket = await startCricket()));
  after(async () => cricket.stop());
  afterEach(async () => cricket.removePods());

  const create = async (pod: TestPod, config = containerWith({ name: 'c' }), signal?: AbortSignal) =>
    cricket.client.runtime.createContainer({ podSandboxId: pod.id, config, sandboxConfig: pod.config }, signal);

  it('ten times at once makes one sandbox, and one of each container', async () => {
    const config = podWith(cricket, { name: 'a' });
    const answers = await ten(async () => cricket.client.runtime.runPodSandbox({ config }));
    const ids = new Set(answers.map(({ podSandboxId }) => podSandboxId));
    expect(ids.size).to.equal(1);
    const [id = ''] = ids;
    const made = await ten(async () => create({ id, config }));
    expect(new Set(made.map(({ containerId }) => containerId)).size).to.equal(1);
    const [{ containerId } = { containerId: '' }] = made;
    await ten(async () => cricket.client.runtime.startContainer({ containerId }));
    expect(await containerStatus(cricket, containerId)).to.include({ state: ContainerState.CONTAINER_RUNNING });
    await ten(async () => cricket.client.runtime.stopContainer({ containerId }));
    await ten(async () => cricket.client.runtime.removeContainer({ containerId }));
    await ten(async () => cricket.client.runtime.stopPodSandbox({ podSandboxId: id }));
    await ten(async () => cricket.client.runtime.removePodSandbox({ podSandboxId: id }));
    expect(await cricket.left()).to.deep.equal([]);
  });

  it('after its answer was lost gets the same id', async () => {
    const config = podWith(cricket, { name: 'a' });
    await fails(cricket.client.runtime.runPodSandbox({ config }, AbortSignal.timeout(1)), 'CANCELLED', '');
    const { podSandboxId: id } = await cricket.client.runtime.runPodSandbox({ config });
    expect(await cricket.client.runtime.runPodSandbox({ config })).to.deep.equal({ podSandboxId: id });
    const pod = { id, config };
    await fails(create(pod, undefined, AbortSignal.timeout(5)), 'CANCELLED', '');
    const { containerId } = await create(pod);
    expect(await create(pod)).to.deep.equal({ containerId });
    expect((await cricket.client.runtime.listContainers()).containers).to.have.length(1);
  });

  it('with another configuration under the same name is refused', async () => {
    const pod = await runPod(cricket, { name: 'a' });
    const other = podWith(cricket, { name: 'a', labels: { changed: 'yes' } });
    const taken = cricket.client.runtime.runPodSandbox({ config: other });
    await fails(taken, 'ALREADY_EXISTS', 'remove it, or raise the attempt');
    await runPod(cricket, { name: 'a', attempt: 1 });
    await create(pod);
    const changed = containerWith({ name: 'c', env: { A: '1' } });
    await fails(create(pod, changed), 'ALREADY_EXISTS', 'remove it, or raise the attempt');
    await create(pod, containerWith({ name: 'c', attempt: 1, env: { A: '1' } }));
  });

  it('for what is not ready any more is refused until it is removed', async () => {
    const pod = await runPod(cricket, { name: 'a' });
    await cricket.client.runtime.stopPodSandbox({ podSandboxId: pod.id });
    const again = async () => cricket.client.runtime.runPodSandbox({ config: pod.config });
    await fails(again(), 'ALREADY_EXISTS', 'remove it first');
    await cricket.client.runtime.removePodSandbox({ podSandboxId: pod.id });
    expect((await again()).podSandboxId).not.to.equal(pod.id);
  });

  it('to start what runs is fine, what ended is not', async () => {
    const pod = await runPod(cricket, { name: 'a' });
    const { id: containerId } = await runContainer(cricket, pod, { name: 'c' });
    await cricket.client.runtime.startContainer({ containerId });
    await cricket.client.runtime.stopContainer({ containerId });
    await fails(cricket.client.runtime.startContainer({ containerId }), 'FAILED_PRECONDITION', 'exited');
  });
});

describe('an id', () => {
  let cricket: Cricket;
  before(async () => (cricket = await startCricket()));
  after(async () => cricket.stop());

  it('may be cut short as long as it is the only one', async () => {
    const pod = await runPod(cricket, { name: 'a' });
    const container = await runContainer(cricket, pod, { name: 'c' });
    const [shortPod, short] = [pod.id.slice(0, 13), { ...container, id: container.id.slice(0, 13) }];
    const { runtime } = cricket.client;
    expect((await podStatus(cricket, shortPod)).id).to.equal(pod.id);
    expect((await containerStatus(cricket, short.id)).id).to.equal(container.id);
    expect(await sh(cricket, short, 'echo here')).to.equal('here');
    await createContainer(cricket, { ...pod, id: shortPod }, { name: 'second' });
    expect((await runtime.containerStats({ containerId: short.id })).stats?.attributes?.id).to.equal(container.id);
    await runtime.updateContainerResources({ containerId: short.id });
    await runtime.reopenContainerLog({ containerId: short.id });
    await runtime.stopContainer({ containerId: short.id });
    await runtime.removeContainer({ containerId: short.id });
    await runtime.stopPodSandbox({ podSandboxId: shortPod });
    await runtime.removePodSandbox({ podSandboxId: shortPod });
    expect(await cricket.left()).to.deep.equal([]);
  });

  it('that fits several is refused by name in every call', async () => {
    const pods = await Promise.all(Array.from({ length: 17 }, async (_v, i) => runPod(cricket, { name: `p${i}` })));
    const first = pods.map(({ id }) => id[0] ?? '');
    // Seventeen ids and sixteen digits to begin with.
    const podSandboxId = first.find((digit, i) => first.indexOf(digit) !== i) ?? '';
    const { runtime } = cricket.client;
    for (const call of [
      runtime.podSandboxStatus({ podSandboxId }),
      runtime.stopPodSandbox({ podSandboxId }),
      runtime.removePodSandbox({ podSandboxId }),
      runtime.createContainer({ podSandboxId, config: containerWith({ name: 'c' }) }),
    ])
      await fails(call, 'INVALID_ARGUMENT', 'is ambiguous');
    expect((await runtime.listPodSandbox()).items).to.have.length(17);
    await cricket.removePods();
  });

  it('of nothing is stopped and removed, and otherwise not found', async () => {
    const { runtime } = cricket.client;
    for (const id of ['f'.repeat(64), 'f'.repeat(5), 'not an id', '../../etc/passwd', 'x'.repeat(100_000), 'ä\n']) {
      await runtime.stopPodSandbox({ podSandboxId: id });
      await runtime.removePodSandbox({ podSandboxId: id });
      await runtime.stopContainer({ containerId: id, timeout: 5n });
      await runtime.removeContainer({ containerId: id });
      await fails(runtime.podSandboxStatus({ podSandboxId: id }), 'NOT_FOUND', 'not found');
      const message = await fails(runtime.containerStatus({ containerId: id }), 'NOT_FOUND', 'not found');
      expect(message.length).to.be.below(200);
      await fails(runtime.startContainer({ containerId: id }), 'NOT_FOUND', 'not found');
      await fails(runtime.execSync({ containerId: id, cmd: ['true'] }), 'NOT_FOUND', 'not found');
    }
  });

  it('that is empty is refused, as it would mean any', async () => {
    const { runtime } = cricket.client;
    for (const call of [
      runtime.stopPodSandbox(),
      runtime.removePodSandbox(),
      runtime.podSandboxStatus(),
      runtime.stopContainer(),
      runtime.removeContainer(),
      runtime.containerStatus(),
      runtime.execSync({ cmd: ['true'] }),
    ])
      await fails(call, 'INVALID_ARGUMENT', 'empty');
  });

  it('names a container after it has ended too', async () => {
    const pod = await runPod(cricket, { name: 'b' });
    const container = await runContainer(cricket, pod, { name: 'c' });
    await cricket.client.runtime.stopContainer({ containerId: container.id });
    await fails(
      execIn(cricket, { ...container, id: container.id.slice(0, 20) }, ['true']),
      'FAILED_PRECONDITION',
      'exited',
    );
  });
});
