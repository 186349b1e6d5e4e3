import { expect } from 'chai';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ContainerState, Signal } from '../../../api/cri/v1/api.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import {
  containerStatus,
  createContainer,
  eventually,
  exited,
  readLog,
  removePod,
  runContainer,
  runPod,
} from '../../fixtures/pods.ts';
import type { TestContainer, TestPod, TestWish } from '../../fixtures/pods.ts';
import { fails, importOwnImage, initPid, processesBelow, sh } from './lab.ts';

/** Ignores TERM, and so do its children: one in a session of its own, one whose parent is gone. */
const stubborn =
  'trap "" TERM; setsid sh -c "sleep 3600 & wait" & (sh -c "sleep 3600" & exit 0); echo ready; while :; do sleep 1; done';
const polite = 'trap "echo bye; exit 7" TERM; echo ready; while :; do sleep 0.05; done';

describe('the end of a container', () => {
  let cricket: Cricket;
  let pod: TestPod;
  let pods = 0;
  before(async () => (cricket = await startCricket()));
  after(async () => cricket.stop());
  beforeEach(async () => (pod = await runPod(cricket, { name: `pod-${pods++}` })));
  afterEach(async () => cricket.removePods());

  const stop = async ({ id }: TestContainer, seconds: number) =>
    cricket.client.runtime.stopContainer({ containerId: id, timeout: BigInt(seconds) });
  const group = ({ id }: TestContainer) => cricket.containerCgroup(pod.id, id);
  /** Running a script that has said `ready`. */
  async function running(script: string, wish: Partial<TestWish> = {}): Promise<TestContainer> {
    const container = await runContainer(cricket, pod, { name: 'c', command: ['sh', '-c', script], ...wish });
    await eventually(() => expect(readLog(container.logPath).some(({ text }) => text === 'ready')).to.equal(true));
    return container;
  }

  for (const [script, code, reason] of [
    ['exit 0', 0, 'Completed'],
    ['exit 1', 1, 'Error'],
    ['exit 255', 255, 'Error'],
    ['kill -9 $$', 137, 'Error'],
    ['kill -TERM $$', 143, 'Error'],
    ['kill -SEGV $$', 139, 'Error'],
  ] as const)
    it(`by "${script}" is ${code} ${reason}, with the times of its life`, async () => {
      // As PID 1 of a namespace a process does not get signals of its own making: a child's end is handed on.
      const container = await runContainer(cricket, pod, {
        name: 'c',
        command: ['sh', '-c', `sh -c '${script}'; exit $?`],
      });
      const status = await exited(cricket, container.id);
      expect(status).to.include({ exitCode: code, reason });
      const times = [status.createdAt, status.startedAt, status.finishedAt, BigInt(Date.now() + 5) * 1_000_000n];
      expect(times).to.deep.equal(times.toSorted((a, b) => Number(a - b)));
      expect(times[0]).not.to.equal(0n);
      expect(processesBelow(group(container))).to.deep.equal([]);
    });

  it('by a signal from outside is 128 and the signal', async () => {
    const container = await running(polite);
    process.kill(await initPid(cricket, container), 'SIGKILL');
    expect(await exited(cricket, container.id)).to.include({ exitCode: 137, reason: 'Error' });
  });

  it('by a stop follows the signal, and the exit code is its own', async () => {
    const container = await running(polite);
    await stop(container, 30);
    expect(await containerStatus(cricket, container.id)).to.include({ exitCode: 7, reason: 'Error' });
    expect(readLog(container.logPath).at(-1)?.text).to.equal('bye');
  });

  it("by a stop follows the image's signal, or the one of the configuration", async () => {
    const image = await importOwnImage(cricket, 'test/config:1');
    const script =
      'trap "exit 10" USR1; trap "exit 11" TERM; trap "exit 12" INT; echo ready; while :; do sleep 0.05; done';
    const container = await running(script, { image });
    await stop(container, 30);
    expect(await containerStatus(cricket, container.id)).to.include({ exitCode: 10 });
    const given = {
      ...container.config,
      metadata: { name: 'c', attempt: 1 },
      logPath: '',
      stopSignal: Signal.SIGNAL_SIGINT,
    };
    const request = { podSandboxId: pod.id, config: given, sandboxConfig: pod.config };
    const { containerId: id } = await cricket.client.runtime.createContainer(request);
    await cricket.client.runtime.startContainer({ containerId: id });
    await eventually(async () =>
      expect(await sh(cricket, { ...container, id }, 'grep SigCgt /proc/1/status')).to.match(/2$/),
    );
    await stop({ ...container, id }, 30);
    expect(await containerStatus(cricket, id)).to.include({ exitCode: 12, stopSignal: Signal.SIGNAL_SIGINT });
  });

  it('by a stop that is ignored is the end of everything in its cgroup', async () => {
    const container = await running(stubborn);
    await eventually(() => expect(processesBelow(group(container))).to.have.length.of.at.least(4));
    const begun = Date.now();
    await stop(container, 1);
    expect(Date.now() - begun).to.be.at.least(1000);
    expect(await containerStatus(cricket, container.id)).to.include({ exitCode: 137 });
    expect(processesBelow(group(container))).to.deep.equal([]);
  });

  it('by a stop without patience is at once', async () => {
    const container = await running(stubborn);
    await stop(container, 0);
    expect(await containerStatus(cricket, container.id)).to.include({ exitCode: 137 });
  });

  it('comes with the shorter of two stops, and both return', async () => {
    const container = await running(stubborn);
    const begun = Date.now();
    const long = stop(container, 600);
    await delay(100);
    await stop(container, 1);
    await long;
    expect(Date.now() - begun).to.be.below(60_000);
    expect(await containerStatus(cricket, container.id)).to.include({ exitCode: 137 });
  });

  it('by a stop whose caller went away can be asked for again', async () => {
    const container = await running(stubborn);
    const caller = AbortSignal.timeout(100);
    const request = { containerId: container.id, timeout: 600n };
    await fails(cricket.client.runtime.stopContainer(request, caller), 'CANCELLED', '');
    expect(await containerStatus(cricket, container.id)).to.include({ state: ContainerState.CONTAINER_RUNNING });
    await stop(container, 0);
    await stop(container, 0);
  });

  it('takes children with it that it left behind', async () => {
    const container = await runContainer(cricket, pod, {
      ...{ name: 'c', command: ['sh', '-c', 'setsid sh -c "trap : TERM HUP; sleep 3600" & sleep 0.2; exit 3'] },
    });
    expect(await exited(cricket, container.id)).to.include({ exitCode: 3 });
    await eventually(() => expect(processesBelow(group(container))).to.deep.equal([]));
  });

  describe('for want of memory', () => {
    const eater = 'x=$(head -c 100000000 /dev/zero | tr "\\0" x); echo ${#x}';
    const resources = { memoryLimitInBytes: 24n << 20n, memorySwapLimitInBytes: 24n << 20n };

    it('is OOMKilled', async () => {
      const container = await runContainer(cricket, pod, { name: 'c', command: ['sh', '-c', eater], resources });
      expect(await exited(cricket, container.id, 30_000)).to.include({ exitCode: 137, reason: 'OOMKilled' });
    });

    it('is not OOMKilled when only a child was, and it ended by itself', async () => {
      // The kernel has a choice of whom to kill: the child volunteers.
      const script = `sh -c 'echo 1000 > /proc/self/oom_score_adj; ${eater}'; echo child $?; exit 4`;
      const container = await runContainer(cricket, pod, { name: 'c', command: ['sh', '-c', script], resources });
      expect(await exited(cricket, container.id, 30_000)).to.include({ exitCode: 4, reason: 'Error' });
      expect(readLog(container.logPath).map(({ text }) => text)).to.include('child 137');
    });
  });

  it('before it ever ran: one that cannot be started is 128 StartError, with the reason', async () => {
    const container = await createContainer(cricket, pod, { name: 'c' });
    const fifo = join(cricket.state, 'runtimes/crun', container.id, 'exec.fifo');
    renameSync(fifo, `${fifo}.away`);
    const start = cricket.client.runtime.startContainer({ containerId: container.id });
    const said = await fails(start, 'UNKNOWN', 'could not be started');
    const status = await containerStatus(cricket, container.id);
    expect(status).to.include({ state: ContainerState.CONTAINER_EXITED, exitCode: 128, reason: 'StartError' });
    expect(said)
      .to.contain(status.message)
      .and.match(/No such file/)
      // Each try has an id of its own, and the kubelet counts events of one text.
      .and.not.contain(container.id.slice(0, 13));
    expect(status.finishedAt >= status.createdAt).to.equal(true);
    expect(processesBelow(group(container))).to.deep.equal([]);
    await fails(
      cricket.client.runtime.startContainer({ containerId: container.id }),
      'FAILED_PRECONDITION',
      'cannot be started',
    );
  });

  it('of one that was never started is seen, and starting it then refused', async () => {
    const container = await createContainer(cricket, pod, { name: 'c' });
    await stop(container, 5);
    expect(await exited(cricket, container.id)).to.include({ exitCode: 137, startedAt: 0n });
    const start = cricket.client.runtime.startContainer({ containerId: container.id });
    await fails(start, 'FAILED_PRECONDITION', 'exited');
  });

  it('leaves status and log until it is removed, and nothing then but the log', async () => {
    const container = await running(polite);
    await sh(cricket, container, 'echo data > /written');
    await cricket.client.runtime.removeContainer({ containerId: container.id });
    await fails(containerStatus(cricket, container.id), 'NOT_FOUND', container.id);
    await cricket.client.runtime.removeContainer({ containerId: container.id });
    await stop(container, 0);
    expect(existsSync(container.logPath)).to.equal(true);
    await removePod(cricket, pod.id);
    expect(await cricket.left()).to.deep.equal([]);
  });
});
