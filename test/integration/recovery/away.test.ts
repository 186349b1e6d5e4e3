import { errnoOf } from '../../../src/base/errors.ts';
import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ContainerState, NamespaceMode, NamespaceOption, PodSandboxState } from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import {
  containerStatus,
  createContainer,
  eventually,
  exited,
  podStatus,
  readLog,
  removePod,
  runContainer,
  runPod,
} from '../../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../../fixtures/pods.ts';
import { cgroupMembers, expectReleased, isAlive, pidsOf } from './kernel.ts';

describe('ends of containers', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  let pod: TestPod;

  before(async () => {
    cricket = await startCricket();
    pod = await runPod(cricket, { name: 'ends' });
  });
  after(async () => cricket.stop());

  const run = async (name: string, script: string): Promise<TestContainer> =>
    runContainer(cricket, pod, { name, command: ['sh', '-c', script] });

  it('has the true exit code, time and last log line of one that ended while the daemon was away', async () => {
    const ends = await run('away', 'trap "echo last; exit 42" TERM; echo first; while :; do sleep 60 & wait; done');
    const dies = await run('away-killed', 'sleep 600');
    const [{ init }, { init: victim }] = [await pidsOf(cricket, ends), await pidsOf(cricket, dies)];
    await eventually(() => expect(readLog(ends.logPath)).to.have.length(1));
    await cricket.sigkill();
    const from = BigInt(Date.now()) * 1_000_000n;
    process.kill(init, 'SIGTERM');
    process.kill(victim, 'SIGKILL');
    await eventually(() => expect(readLog(ends.logPath).map(({ text }) => text)).to.deep.equal(['first', 'last']));
    await delay(500);
    const to = BigInt(Date.now()) * 1_000_000n;
    await delay(200);
    await cricket.start();
    // The first answer, not the one after some time.
    const { containers } = await cricket.client.runtime.listContainers();
    expect(containers.map(({ state }) => state)).to.deep.equal(containers.map(() => ContainerState.CONTAINER_EXITED));
    const status = await containerStatus(cricket, ends.id);
    expect(status).to.include({ exitCode: 42, reason: 'Error', state: ContainerState.CONTAINER_EXITED });
    expect(status.finishedAt > from - 1_000_000_000n && status.finishedAt < to, 'finished while away').to.equal(true);
    expect(await containerStatus(cricket, dies.id)).to.include({ exitCode: 137, reason: 'Error' });
  });

  it('ends a container within a second when its conmon is killed', async () => {
    const container = await run('monitor-lost', 'sleep 600');
    const { monitor, init } = await pidsOf(cricket, container);
    const from = performance.now();
    process.kill(monitor, 'SIGKILL');
    const status = await exited(cricket, container.id);
    expect(performance.now() - from).to.be.lessThan(1000);
    expect(status).to.include({ exitCode: 137, reason: 'MonitorLost' });
    expect(status.message).to.contain('conmon');
    await eventually(() => expectReleased(cricket, container.id));
    expect(isAlive(init)).to.equal(false);
  });

  it('sees after its return that a conmon was killed', async () => {
    const container = await run('monitor-lost-away', 'sleep 600');
    const { monitor, init } = await pidsOf(cricket, container);
    await cricket.sigkill();
    process.kill(monitor, 'SIGKILL');
    await cricket.start();
    expect(await exited(cricket, container.id)).to.include({ exitCode: 137, reason: 'MonitorLost' });
    await eventually(() => expectReleased(cricket, container.id));
    expect(isAlive(init)).to.equal(false);
  });

  it('says 255 Unknown of one that ended with its conmon while it was away', async () => {
    const container = await run('both-lost', 'sleep 600');
    const { monitor, init } = await pidsOf(cricket, container);
    await cricket.sigkill();
    process.kill(monitor, 'SIGKILL');
    process.kill(init, 'SIGKILL');
    await cricket.start();
    const status = await exited(cricket, container.id);
    expect(status).to.include({ exitCode: 255, reason: 'Unknown' });
    expect(status.finishedAt > 0n).to.equal(true);
  });

  it('knows the end of one whose start it did not live to see', async () => {
    await cricket.restart({ CRICKET_KILL_AT: 'start:runtime' });
    const container = await createContainer(cricket, pod, { name: 'brief', command: ['sh', '-c', 'exit 3'] });
    const started = cricket.client.runtime.startContainer({ containerId: container.id });
    await started.catch(() => undefined);
    await cricket.ended();
    await eventually(() => expect(readdirSync(join(cricket.state, 'exits'))).to.include(container.id));
    await delay(100);
    await cricket.start();
    const status = await containerStatus(cricket, container.id);
    expect(status).to.include({ state: ContainerState.CONTAINER_EXITED, exitCode: 3 });
    expect(status.startedAt > 0n && status.startedAt <= status.finishedAt, 'started before it ended').to.equal(true);
  });

  it('keeps its exit codes over another restart, and removes all of them', async () => {
    const before = await cricket.client.runtime.listContainers();
    const statuses = async () => Promise.all(before.containers.map(async ({ id }) => containerStatus(cricket, id)));
    const ends = (await statuses()).map(({ exitCode, reason, finishedAt }) => ({ exitCode, reason, finishedAt }));
    await cricket.restart();
    const after = (await statuses()).map(({ exitCode, reason, finishedAt }) => ({ exitCode, reason, finishedAt }));
    expect(after).to.deep.equal(ends);
    await removePod(cricket, pod.id);
    expect(await cricket.left()).to.deep.equal([]);
  });

  it('bears that everything in a pod is killed before the kubelet stops it', async () => {
    const shared = { namespaces: { pid: NamespaceMode.POD } };
    const killed = await runPod(cricket, { name: 'cleared', ...shared });
    const inPod = { name: 'main', security: { namespaceOptions: filled(NamespaceOption, { pid: NamespaceMode.POD }) } };
    const container = await runContainer(cricket, killed, inPod);
    // The init of the shared namespace, the shell, and what it runs.
    expect(cgroupMembers(killed.id)).to.have.length.greaterThan(1);
    killAll(cgroupMembers(killed.id));
    expect(await exited(cricket, container.id)).to.include({ exitCode: 137 });
    // It can hold containers again, until the kubelet stops it.
    expect(await podStatus(cricket, killed.id)).to.include({ state: PodSandboxState.SANDBOX_READY });
    await runContainer(cricket, killed, { ...inPod, attempt: 1 });
    killAll(cgroupMembers(killed.id));
    await removePod(cricket, killed.id);
    expect(await cricket.left()).to.deep.equal([]);
  });
});

/** The end of an init takes those in its namespace along: a process may be gone before its turn. */
function killAll(pids: readonly number[]): void {
  for (const pid of pids)
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (errnoOf(error) !== 'ESRCH') throw error;
    }
}
