import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ContainerState, PodSandboxState } from '../../../api/cri/v1/api.ts';
import { connectCri } from '../../../hack/lib/cri-client.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import {
  containerStatus,
  containerWith,
  eventually,
  exited,
  podStatus,
  removePod,
  runContainer,
  runPod,
} from '../../fixtures/pods.ts';
import { expectComplete, expectUndisturbed, runNeighbour } from './neighbour.ts';
import { isAlive, pidsOf } from './kernel.ts';

describe('a daemon started again', function () {
  this.timeout(60_000);
  let cricket: Cricket;

  before(async () => {
    cricket = await startCricket();
  });
  afterEach(async () => {
    if (cricket.pid > 0) await cricket.removePods();
    expect(await cricket.left()).to.deep.equal([]);
  });
  after(async () => cricket.stop());

  const directory = (kind: 'pod' | 'container', id: string) => join(cricket.root, `${kind}s`, id);

  it('forgets directories in which nothing was written yet, and leaves strange names alone', async () => {
    const id = randomBytes(32).toString('hex');
    for (const kind of ['pod', 'container'] as const) mkdirSync(directory(kind, id));
    writeFileSync(join(directory('container', id), 'container.json.tmp'), '{"kind"');
    mkdirSync(directory('pod', 'lost+found'));
    await cricket.restart();
    expect((await cricket.client.runtime.listPodSandbox()).items).to.deep.equal([]);
    expect((await cricket.client.runtime.listContainers()).containers).to.deep.equal([]);
    await eventually(() => expect(readdirSync(join(cricket.root, 'pods'))).to.deep.equal(['lost+found']));
    rmSync(directory('pod', 'lost+found'), { recursive: true });
  });

  it('takes up after a reboot: sandboxes NOTREADY, containers EXITED 255 Unknown', async () => {
    const pod = await runPod(cricket, { name: 'rebooted' });
    const container = await runContainer(cricket, pod, { name: 'main' });
    const { init, monitor } = await pidsOf(cricket, container);
    await cricket.sigkill();
    // The processes end with the machine, without a word; what remains are the records of another boot.
    for (const pid of [monitor, init]) process.kill(pid, 'SIGKILL');
    for (const path of [
      join(directory('pod', pod.id), 'pod.json'),
      join(directory('container', container.id), 'container.json'),
    ]) {
      const text = readFileSync(path, 'utf8');
      writeFileSync(path, text.replace(/"bootId":"[^"]+"/, '"bootId":"00000000-0000-0000-0000-000000000000"'));
    }
    await cricket.start();
    expect(await podStatus(cricket, pod.id)).to.include({ state: PodSandboxState.SANDBOX_NOTREADY });
    const status = await containerStatus(cricket, container.id);
    expect(status).to.include({ state: ContainerState.CONTAINER_EXITED, exitCode: 255, reason: 'Unknown' });
    expect(status.finishedAt >= status.startedAt && status.finishedAt > 0n).to.equal(true);
    // What a kubelet does: the same pod again, with the next attempt.
    const next = await runPod(cricket, { name: 'rebooted', attempt: 1 });
    await runContainer(cricket, next, { name: 'main', attempt: 1 });
  });

  it('removes cgroups, namespaces, mounts and processes of sandboxes that nobody knows any more', async () => {
    const lost = await runPod(cricket, { name: 'lost' });
    const container = await runContainer(cricket, lost, { name: 'main' });
    const { init } = await pidsOf(cricket, container);
    const other = await runNeighbour(cricket);
    await cricket.sigkill();
    rmSync(directory('pod', lost.id), { recursive: true });
    rmSync(directory('container', container.id), { recursive: true });
    await cricket.start();
    await eventually(() => expect(isAlive(init)).to.equal(false));
    await expectUndisturbed(cricket, other);
    await removePod(cricket, other.pod.id);
    expect(await cricket.left()).to.deep.equal([]);
  });

  it('makes a sandbox NOTREADY whose namespace somebody has unmounted', async () => {
    const pod = await runPod(cricket, { name: 'unpinned' });
    const container = await runContainer(cricket, pod, {
      name: 'talks',
      command: ['sh', '-c', 'echo 1; exec sleep 600'],
    });
    await eventually(() => expect(expectComplete(container)).to.equal(1));
    const [pin = ''] = readdirSync('/run/netns').filter((name) => name.includes(pod.id.slice(0, 24)));
    execFileSync('umount', [join('/run/netns', pin)]);
    await cricket.restart();
    expect(await podStatus(cricket, pod.id)).to.include({ state: PodSandboxState.SANDBOX_NOTREADY });
    expect(await containerStatus(cricket, container.id)).to.include({ state: ContainerState.CONTAINER_RUNNING });
  });

  it('gives the id of the creation that still runs to the retry of one whose request timed out', async () => {
    const pod = await runPod(cricket, { name: 'retried' });
    const config = containerWith({ name: 'main' });
    const request = { podSandboxId: pod.id, config, sandboxConfig: pod.config };
    const fifo = join(cricket.dir, 'conmon-waits');
    execFileSync('mkfifo', [fifo]);
    // A conmon that does not begin before somebody writes into the fifo.
    const slow = join(cricket.dir, 'slow-conmon');
    writeFileSync(slow, `#!/bin/sh\nread x < ${fifo}\nexec /usr/bin/conmon "$@"\n`, { mode: 0o755 });
    const text = readFileSync(cricket.config, 'utf8');
    writeFileSync(cricket.config, `${text}conmon.path = "${slow}"\n`);
    await cricket.restart();
    using impatient = connectCri(cricket.endpoint, { timeoutMs: 300 });
    const first = await impatient.runtime.createContainer(request).then(
      () => 'an answer',
      (error: unknown) => String(error),
    );
    expect(first).to.contain('DEADLINE_EXCEEDED');
    expect((await cricket.client.runtime.listContainers()).containers).to.deep.equal([]);
    const retries = [1, 2].map(async () => cricket.client.runtime.createContainer(request));
    // Not waited for here: on a slow machine the retries may be the first to be heard, and nobody reads before.
    const [, ...answers] = await Promise.all([writeFile(fifo, 'go\n'), ...retries]);
    const ids = new Set(answers.map(({ containerId }) => containerId));
    expect(ids.size).to.equal(1);
    const { containers } = await cricket.client.runtime.listContainers();
    expect(containers.map(({ id }) => id)).to.deep.equal([...ids]);
    await cricket.client.runtime.startContainer({ containerId: [...ids][0] ?? '' });
    writeFileSync(cricket.config, text);
    await cricket.restart();
  });

  it('reads 300 records before its first answer', async () => {
    const pod = await runPod(cricket, { name: 'many' });
    const container = await runContainer(cricket, pod, { name: 'main', command: ['true'] });
    await exited(cricket, container.id);
    await cricket.restart();
    const alone = await startMs();
    await cricket.sigkill();
    for (let i = 0; i < 300; i++) {
      const id = randomBytes(32).toString('hex');
      cpSync(directory('container', container.id), directory('container', id), { recursive: true });
      const path = join(directory('container', id), 'container.json');
      writeFileSync(path, readFileSync(path, 'utf8').replaceAll(container.id, id));
    }
    const many = await startMs();
    const { containers } = await cricket.client.runtime.listContainers();
    expect(containers).to.have.length(301);
    console.log(`      from start to first answer: ${alone} ms with 1 record, ${many} ms with 301`);
    await removePod(cricket, pod.id);
  });

  /** From the start of the process to the first list. */
  async function startMs(): Promise<number> {
    await cricket.sigkill();
    const from = performance.now();
    await cricket.start();
    await cricket.client.runtime.listContainers();
    return Math.round(performance.now() - from);
  }
});
