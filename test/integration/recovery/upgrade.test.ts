import { expect } from 'chai';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ContainerState, PodSandboxState } from '../../../api/cri/v1/api.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { containerStatus, eventually, podStatus, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer } from '../../fixtures/pods.ts';
import { connectChannels } from '../streaming/websocket-client.ts';
import { isAlive, pidsOf } from './kernel.ts';
import { countingCommand, expectComplete } from './neighbour.ts';
import { buildNext } from './other-build.ts';

/** koffi is found above it. */
const builds = join(import.meta.dirname, '../../../node_modules/.cache/upgrade-test');

interface Counter extends TestContainer {
  readonly init: number;
}

/** Two builds: this one, and one whose records are a version ahead. Containers count all the while, and commands are run. */
describe('an upgrade and the way back', function () {
  this.timeout(90_000);
  let cricket: Cricket;
  let old: string;
  const counters: Counter[] = [];
  const answers: string[] = [];
  const load = new AbortController();

  before(async () => {
    cricket = await startCricket();
    old = cricket.program;
    for (const name of ['one', 'two', 'three']) counters.push(await count(name));
  });
  after(async () => {
    load.abort();
    await cricket.stop();
    rmSync(builds, { recursive: true, force: true });
  });

  async function count(name: string): Promise<Counter> {
    const pod = await runPod(cricket, { name });
    const container = await runContainer(cricket, pod, { name, command: countingCommand });
    return { ...container, init: (await pidsOf(cricket, container)).init };
  }

  async function replaceBy(program: string): Promise<void> {
    await cricket.sigterm();
    cricket.program = program;
    await cricket.start();
  }

  /** The processes that they were, running, each line of their logs there once, and commands are run in them. */
  async function expectUndisturbed(of: readonly Counter[]): Promise<void> {
    for (const counter of of) {
      expect(isAlive(counter.init)).to.equal(true);
      expect((await containerStatus(cricket, counter.id)).state).to.equal(ContainerState.CONTAINER_RUNNING);
      expect((await podStatus(cricket, counter.pod.id)).state).to.equal(PodSandboxState.SANDBOX_READY);
      const before = expectComplete(counter);
      await eventually(() => expect(expectComplete(counter)).to.be.greaterThan(before));
      const answer = await cricket.client.runtime.execSync({ containerId: counter.id, cmd: ['true'], timeout: 10n });
      expect(answer.exitCode).to.equal(0);
    }
  }

  /** As probes do, until the daemon goes; what they were told then. */
  async function probe({ id }: Counter): Promise<void> {
    while (!load.signal.aborted) {
      const call = cricket.client.runtime.execSync({ containerId: id, cmd: ['true'], timeout: 10n });
      await call.catch((error: unknown) => answers.push(String(error)));
      await delay(20);
    }
  }

  it('tells those who are in a session why it ends', async () => {
    const [counter] = counters;
    if (counter === undefined) throw new Error('there is no container');
    const wish = { containerId: counter.id, cmd: ['cat'], stdin: true, stdout: true, stderr: true, tty: false };
    const { url } = await cricket.client.runtime.exec(wish);
    const client = await connectChannels(url, 'v5.channel.k8s.io');
    client.send(0, 'said\n');
    await eventually(() => expect(client.text(1)).to.equal('said\n'));
    for (const one of counters) void probe(one);
    await replaceBy(await buildNext(join(builds, 'readable'), true));
    await client.closed;
    expect(client.text(3)).to.include('the container runtime is being stopped; try again once it is back');
    await expectUndisturbed(counters);
    for (const answer of answers) expect(answer).to.match(/UNAVAILABLE/);
  });

  it('goes back although the newer version has made pods, and takes those over too', async () => {
    counters.push(await count('made by the newer'.replaceAll(' ', '-')));
    await replaceBy(old);
    await expectUndisturbed(counters);
  });

  it('leaves alone what a newer version wrote that it does not understand, says so, and finds it again', async () => {
    const next = await buildNext(join(builds, 'ahead'), false);
    await replaceBy(next);
    await expectUndisturbed(counters);
    const ahead = await count('ahead');
    await replaceBy(old);
    await expectUndisturbed(counters);
    expect((await containerStatus(cricket, ahead.id)).state).to.equal(ContainerState.CONTAINER_UNKNOWN);
    expect((await podStatus(cricket, ahead.pod.id)).state).to.equal(PodSandboxState.SANDBOX_NOTREADY);
    expect(cricket.log()).to.match(/has version 2; this Cricket reads 1: install the newer one again to manage it/);
    expect(isAlive(ahead.init)).to.equal(true);
    await replaceBy(next);
    await expectUndisturbed([...counters, ahead]);
    await replaceBy(old);
  });
});
