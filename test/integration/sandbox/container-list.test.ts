import { expect } from 'chai';
import { ContainerFilter, ContainerState, ImageSpec } from '../../../api/cri/v1/api.ts';
import type { ContainerFilter as Filter } from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { demoReference, startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { containerStatus, containerWith, createContainer, exited, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestPod } from '../../fixtures/pods.ts';
import { fails, initPid } from './lab.ts';

const { CONTAINER_CREATED, CONTAINER_RUNNING, CONTAINER_EXITED, CONTAINER_UNKNOWN } = ContainerState;

describe('a container', () => {
  let cricket: Cricket;
  let pod: TestPod;
  let other: TestPod;
  before(async () => {
    cricket = await startCricket();
    pod = await runPod(cricket, { name: 'a' });
    other = await runPod(cricket, { name: 'b' });
  });
  after(async () => cricket.stop());
  afterEach(async () => {
    const { containers } = await cricket.client.runtime.listContainers();
    for (const { id } of containers) await cricket.client.runtime.removeContainer({ containerId: id });
  });

  const idsOf = async (filter: Partial<Filter>) => {
    const { containers } = await cricket.client.runtime.listContainers({ filter: filled(ContainerFilter, filter) });
    return containers.map(({ id }) => id);
  };

  it('shows what it was made of, in lists and in its status', async () => {
    const labels = { 'io.kubernetes.container.name': 'c', constructor: 'x' };
    const annotations = { 'io.kubernetes.container.hash': 'abc', text: 'a\nb' };
    const plain = containerWith({ name: 'c', attempt: 5, labels, annotations });
    const image = { image: demoReference, userSpecifiedImage: 'demo', runtimeHandler: 'crun', annotations: { a: 'b' } };
    const config = { ...plain, image: filled(ImageSpec, image) };
    const request = { podSandboxId: pod.id, config, sandboxConfig: pod.config };
    const { containerId } = await cricket.client.runtime.createContainer(request);
    const status = await containerStatus(cricket, containerId);
    const found = await cricket.client.image.imageStatus({ image: filled(ImageSpec, { image: demoReference }) });
    expect(status).to.deep.include({ id: containerId, labels, annotations, metadata: { name: 'c', attempt: 5 } });
    expect(status).to.include({ state: CONTAINER_CREATED, imageId: found.image?.id, exitCode: 0, reason: '' });
    expect(status.image).to.deep.include(image);
    expect(status.imageRef).to.be.oneOf([...(found.image?.repoDigests ?? []), found.image?.id]);
    expect(status.logPath).to.equal(`${pod.config.logDirectory}/c_5.log`);
    const [listed] = (await cricket.client.runtime.listContainers()).containers;
    expect(listed).to.deep.include({ id: containerId, podSandboxId: pod.id, labels, annotations });
    expect(listed).to.include({ createdAt: status.createdAt, imageRef: status.imageRef, imageId: status.imageId });
  });

  it('tells more when asked: process, sandbox, specification, as JSON', async () => {
    const container = await runContainer(cricket, pod, { name: 'c', env: { SECRET: 'x' } });
    const { info } = await cricket.client.runtime.containerStatus({ containerId: container.id, verbose: true });
    const told = JSON.parse(info['info'] ?? '') as Record<string, unknown>;
    expect(told).to.include({ sandboxID: pod.id, pid: await initPid(cricket, container) });
    expect(told).to.have.nested.property('runtimeSpec.process.args[0]', 'sh');
    expect((await cricket.client.runtime.containerStatus({ containerId: container.id })).info).to.deep.equal({});
  });

  it('is found by every filter, and by all of them together', async () => {
    const created = await createContainer(cricket, pod, { name: 'created', labels: { app: 'web', tier: 'a' } });
    const running = await runContainer(cricket, pod, { name: 'running', labels: { app: 'web', tier: 'b' } });
    const ended = await runContainer(cricket, other, { name: 'ended', command: ['true'], labels: { app: 'job' } });
    await exited(cricket, ended.id);
    const state = (value: ContainerState) => ({ state: { state: value } });
    expect(await idsOf({})).to.have.members([created.id, running.id, ended.id]);
    expect(await idsOf({ id: ended.id })).to.deep.equal([ended.id]);
    expect(await idsOf({ id: ended.id.slice(0, 16) })).to.deep.equal([ended.id]);
    expect(await idsOf({ podSandboxId: pod.id })).to.have.members([created.id, running.id]);
    expect(await idsOf({ podSandboxId: '0'.repeat(64) })).to.deep.equal([]);
    expect(await idsOf(state(CONTAINER_CREATED))).to.deep.equal([created.id]);
    expect(await idsOf(state(CONTAINER_RUNNING))).to.deep.equal([running.id]);
    expect(await idsOf(state(CONTAINER_EXITED))).to.deep.equal([ended.id]);
    expect(await idsOf(state(CONTAINER_UNKNOWN))).to.deep.equal([]);
    expect(await idsOf({ labelSelector: { app: 'web' } })).to.have.members([created.id, running.id]);
    expect(await idsOf({ labelSelector: { app: 'web', tier: 'b' }, podSandboxId: pod.id })).to.deep.equal([running.id]);
    expect(await idsOf({ id: running.id, podSandboxId: other.id })).to.deep.equal([]);
    expect(await idsOf({ labelSelector: { hasOwnProperty: '' } })).to.deep.equal([]);
    await fails(idsOf(state(77 as ContainerState)), 'INVALID_ARGUMENT', 'filter.state is 77');
  });

  it('comes in a stream as it comes in a list', async () => {
    for (let i = 0; i < 3; i++) await createContainer(cricket, pod, { name: `c${i}` });
    const listed = (await cricket.client.runtime.listContainers()).containers;
    const streamed = [];
    for await (const { containers } of cricket.client.runtime.streamContainers()) streamed.push(...containers);
    expect(streamed).to.deep.equal(listed);
    const pods = [];
    for await (const { podSandboxes } of cricket.client.runtime.streamPodSandboxes()) pods.push(...podSandboxes);
    expect(pods).to.deep.equal((await cricket.client.runtime.listPodSandbox()).items);
  });
});
