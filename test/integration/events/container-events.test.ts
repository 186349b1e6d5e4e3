import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { ContainerEventType, ContainerState, PodSandboxState } from '../../../api/cri/v1/api.ts';
import type { ContainerEventResponse } from '../../../api/cri/v1/api.ts';
import { connectCri, statusOf } from '../../../hack/lib/cri-client.ts';
import type { CriClient } from '../../../hack/lib/cri-client.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { createContainer, exited, removePod, runContainer, runPod } from '../../fixtures/pods.ts';

type Events = AsyncIterator<ContainerEventResponse>;

const kinds: Readonly<Record<number, string>> = {
  [ContainerEventType.CONTAINER_CREATED_EVENT]: 'created',
  [ContainerEventType.CONTAINER_STARTED_EVENT]: 'started',
  [ContainerEventType.CONTAINER_STOPPED_EVENT]: 'stopped',
  [ContainerEventType.CONTAINER_DELETED_EVENT]: 'deleted',
};

/** Calls of one connection are heard in order: what is called after this is told. */
function open(
  client: CriClient,
  signal?: AbortSignal,
): { readonly take: (count: number) => Promise<ContainerEventResponse[]> } {
  const events: Events = client.runtime.getContainerEvents({}, signal)[Symbol.asyncIterator]();
  let next = events.next();
  return {
    take: async (count) => {
      const found: ContainerEventResponse[] = [];
      while (found.length < count) {
        const item = await next;
        if (item.done === true) throw new Error(`the stream ended after ${found.length} events`);
        found.push(item.value);
        next = events.next();
        next.catch(() => undefined);
      }
      return found;
    },
  };
}

const failureOf = async (promise: Promise<unknown>) =>
  statusOf(
    await promise.then(
      () => undefined,
      (error: unknown) => error,
    ),
  );

describe('GetContainerEvents', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  before(async () => (cricket = await startCricket()));
  after(() => cricket.stop());

  it('tells every step of sandbox and container in order, each with the state of that instant', async () => {
    const { take } = open(cricket.client);
    const pod = await runPod(cricket, { name: 'lives' });
    const container = await runContainer(cricket, pod, { name: 'main', command: ['sh', '-c', 'exit 3'] });
    await exited(cricket, container.id);
    await cricket.client.runtime.removeContainer({ containerId: container.id });
    await removePod(cricket, pod.id);
    const events = await take(8);
    const names = new Map([
      [pod.id, 'pod'],
      [container.id, 'main'],
    ]);
    expect(
      events.map((event) => `${names.get(event.containerId) ?? '?'} ${kinds[event.containerEventType] ?? '?'}`),
    ).to.deep.equal([
      ...['pod created', 'pod started', 'main created', 'main started', 'main stopped', 'main deleted'],
      ...['pod stopped', 'pod deleted'],
    ]);
    for (const { podSandboxStatus } of events) {
      expect(podSandboxStatus?.id).to.equal(pod.id);
      expect(podSandboxStatus?.metadata).to.include({ name: 'lives', uid: pod.config.metadata?.uid });
    }
    const { SANDBOX_READY: ready, SANDBOX_NOTREADY: not } = PodSandboxState;
    expect(events.map(({ podSandboxStatus }) => podSandboxStatus?.state)).to.deep.equal([
      ...Array<number>(6).fill(ready),
      not,
      not,
    ]);
    const { CONTAINER_CREATED: made, CONTAINER_RUNNING: runs, CONTAINER_EXITED: over } = ContainerState;
    expect(events.map(({ containersStatuses }) => containersStatuses.map(({ state }) => state))).to.deep.equal([
      ...[[], [], [made], [runs], [over], [], [], []],
    ]);
    expect(events[4]?.containersStatuses[0]).to.include({ exitCode: 3, reason: 'Error' });
    const times = events.map(({ createdAt }) => createdAt);
    expect(times).to.deep.equal([...new Set(times)].sort((a, b) => (a < b ? -1 : 1)));
    expect(Number(times[0]) / 1e6, 'nanoseconds').to.be.closeTo(Date.now(), 60_000);
  });

  it('tells an end that nobody asked for, and one of the pod with its containers in it', async () => {
    const { take } = open(cricket.client);
    const pod = await runPod(cricket, { name: 'ends' });
    await runContainer(cricket, pod, { name: 'one' });
    await createContainer(cricket, pod, { name: 'never-started' });
    await removePod(cricket, pod.id);
    const told = (await take(11)).map((event) => kinds[event.containerEventType]);
    expect(told).to.deep.equal([
      ...['created', 'started', 'created', 'started', 'created'],
      ...['stopped', 'stopped', 'stopped', 'deleted', 'deleted', 'deleted'],
    ]);
  });

  it('tells of one that cannot be started: it was made, and has ended', async () => {
    const { take } = open(cricket.client);
    const pod = await runPod(cricket, { name: 'unstartable' });
    await createContainer(cricket, pod, { name: 'no', command: ['no-such-program'] });
    await removePod(cricket, pod.id);
    const events = await take(7);
    expect(events.map((event) => kinds[event.containerEventType])).to.deep.equal([
      ...['created', 'started', 'created', 'stopped', 'stopped', 'deleted', 'deleted'],
    ]);
    expect(events[3]?.containersStatuses[0]).to.include({ exitCode: 128, reason: 'StartError' });
  });

  it('tells many clients the same, whoever of them leaves', async () => {
    const clients = Array.from({ length: 20 }, () => connectCri(cricket.endpoint));
    const leaving = new AbortController();
    const left = open(cricket.client, leaving.signal);
    const streams = clients.map((client) => open(client));
    // Each connection's stream is heard once a later call on it is answered.
    await Promise.all(clients.map((client) => client.runtime.version()));
    const leaves = failureOf(left.take(1));
    leaving.abort();
    expect(await leaves).to.have.property('code', status.CANCELLED);
    const pod = await runPod(cricket, { name: 'shared' });
    await removePod(cricket, pod.id);
    const all = await Promise.all(streams.map(({ take }) => take(4)));
    for (const events of all) expect(events).to.deep.equal(all[0]);
    expect(all[0]?.every(({ containerId }) => containerId === pod.id)).to.equal(true);
    clients.forEach((client) => client.close());
  });

  it('ends with an error that says so when the daemon ends', async () => {
    const other = await startCricket({ demo: false });
    try {
      const { take } = open(other.client);
      await other.client.runtime.version();
      const ending = failureOf(take(1));
      await other.sigterm();
      expect((await ending)?.code).to.equal(status.UNAVAILABLE);
      expect((await ending)?.message).to.contain('the daemon is being stopped');
    } finally {
      await other.stop();
    }
  });
});
