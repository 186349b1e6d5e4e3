import { expect } from 'chai';
import { ContainerState } from '../../api/cri/v1/api.ts';
import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { listCgroups } from '../fixtures/kubelet/cgroups.ts';
import { containerStatus, eventually, podStatus } from '../fixtures/pods.ts';
import * as manifests from './kubelet/manifests.ts';
import { startNode } from '../fixtures/kubelet/node.ts';
import type { TestNode } from '../fixtures/kubelet/node.ts';
import { isReady, logOf, rotatedLog, summary, viewOf } from '../fixtures/kubelet/views.ts';

const pods: Readonly<Record<string, (shared: string) => object>> = {
  steady: manifests.steadyPod,
  crash: manifests.crashPod,
  typo: manifests.typoPod,
  eater: manifests.eaterPod,
  agent: manifests.agentPod,
  shared: manifests.sharedPod,
  chatty: manifests.chattyPod,
  worker: manifests.workerPod,
  sized: () => manifests.sizedPod(),
};

/** Pods start together and are looked at one after the other: most of the time is the kubelet's own. */
describe('a real kubelet', function () {
  this.timeout(120_000);
  let node: TestNode;
  before(async function () {
    this.timeout(600_000);
    node = await startNode();
    for (const [name, pod] of Object.entries(pods)) node.run(name, pod(node.shared));
  });
  after(async () => node[Symbol.asyncDispose]());

  const view = async (name: string) => viewOf(node.kubelet(), name);
  const log = async (name: string, query = '') => logOf(node.kubelet(), name, query);
  const ready = async (name: string) =>
    eventually(async () => {
      const seen = await view(name);
      expect(isReady(seen.pod), 'Ready').to.equal(true);
      return seen;
    }, 60_000);
  const inState = async (name: string, state: 'terminated') =>
    eventually(async () => {
      const { main } = await view(name);
      expect(main.state).to.have.property(state);
      return { main, state: main.state[state] };
    }, 60_000);

  it('brings a static pod to Ready by its exec probe', async () => {
    const { pod, main } = await ready('steady');
    expect(main).to.include({ ready: true, restartCount: 0 });
    expect(pod.status.podIP?.replace(/\d+$/, '0/24')).to.equal(node.podCidr);
    const id = main.containerID?.split('//')[1] ?? '?';
    expect(listCgroups(node.cgroupRoot).filter((path) => path.endsWith(`/${id}`))).not.to.deep.equal([]);
  });

  it('reads its log', async () => {
    await eventually(async () =>
      expect(await log('steady')).to.match(/^hello from steady-cricket-test\ntick 1\ntick 2\n/),
    );
    expect(await log('steady', '?tailLines=1&timestamps=true')).to.match(/^[-\dT:.]+Z tick \d+\n$/);
  });

  it('runs an agent of the node, with a score that the daemon may give', async () => {
    await ready('agent');
    const [id = ''] = await node.sandboxes('agent');
    expect((await podStatus(node.cricket, id)).network).to.equal(undefined);
    await eventually(async () => {
      const [score = '', host, root] = (await log('agent')).split('\n');
      expect(Number(score.replace('score ', ''))).to.be.within(-1000, Number(ownScore()));
      expect([host, root]).to.deep.equal([`host ${hostname()}`, '/host/proc']);
    });
  });

  it('runs two confined containers that share their processes', async () => {
    await ready('shared');
    await eventually(async () => {
      const text = await log('shared');
      expect(text).to.match(/^uid=1000 gid=1000 groups=1000,2000,3000$/m);
      expect(text).to.match(/^sleep 999$/m);
    });
  });

  it('tells CPU, memory and disk', async () => {
    const pod = await eventually(async () => {
      const found = (await summary(node.kubelet())).pods.find(({ podRef }) => podRef.name.startsWith('steady-'));
      expect(found?.containers?.[0]?.cpu?.usageCoreNanoSeconds).to.be.greaterThan(0);
      expect(found?.memory?.workingSetBytes).to.be.greaterThan(10_000);
      return found;
    }, 60_000);
    const [main] = pod?.containers ?? [];
    expect(main?.memory?.workingSetBytes).to.be.within(10_000, 64 << 20);
    expect(main?.rootfs?.usedBytes).to.be.greaterThan(0);
    expect(main?.rootfs?.capacityBytes).to.be.greaterThan(0);
  });

  it('tells a container that ran out of memory', async () => {
    const { state } = await inState('eater', 'terminated');
    expect(state).to.include({ exitCode: 137, reason: 'OOMKilled' });
    expect(await log('eater')).to.equal('hungry\n');
  });

  it('tells a command that is not in the image', async () => {
    const main = await eventually(async () => {
      const seen = (await view('typo')).main;
      expect(seen.state['waiting']).to.include({ reason: 'CrashLoopBackOff' });
      return seen;
    }, 60_000);
    const { exitCode, reason, message } = main.lastState['terminated'] ?? {};
    expect({ exitCode, reason }).to.deep.equal({ exitCode: 128, reason: 'StartError' });
    expect(message).to.match(/bussybox.* not found in \$PATH/);
  });

  it('restarts a crash, with back-off', async () => {
    const main = await eventually(async () => {
      const seen = await view('crash');
      expect(seen.main.restartCount).to.be.greaterThan(1);
      expect(seen.main.state['waiting']).to.include({ reason: 'CrashLoopBackOff' });
      return seen.main;
    }, 90_000);
    expect(main.lastState['terminated']).to.include({ exitCode: 3, reason: 'Error', message: 'why\n' });
    expect(await node.sandboxes('crash')).to.have.length(1);
  });

  it('rotates a log without losing a line', async () => {
    await eventually(() => {
      const { files, lines } = rotatedLog(node.kubelet(), 'chatty');
      expect(files).to.be.greaterThan(2);
      expect(lines).to.deep.equal(lines.map((_, i) => `line ${i + 1} of a log that grows and grows`));
    }, 30_000);
  });

  it('resizes a container that runs', async () => {
    const { main } = await ready('sized');
    const id = main.containerID?.split('//')[1] ?? '';
    node.run('sized', manifests.sizedPod('48Mi'));
    await eventually(async () => {
      const { state, resources } = await containerStatus(node.cricket, id);
      expect(state).to.equal(ContainerState.CONTAINER_RUNNING);
      expect(resources?.linux?.memoryLimitInBytes).to.equal(48n << 20n);
    }, 60_000);
    const group = listCgroups(node.cgroupRoot).find((path) => path.includes('/memory/') && path.endsWith(`/${id}`));
    if (group !== undefined)
      expect(readFileSync(join(group, 'memory.limit_in_bytes'), 'utf8')).to.equal(`${48 << 20}\n`);
    expect((await view('sized')).main).to.include({ containerID: main.containerID, restartCount: 0 });
  });

  const steadfast = ['steady', 'agent', 'shared', 'chatty'];
  const look = async () => Promise.all(steadfast.map(view));
  const sandboxes = async () => Promise.all(steadfast.map(async (name) => node.sandboxes(name)));

  /** Nothing may happen to them while `upset` does. */
  async function unmoved(upset: () => Promise<void>): Promise<void> {
    const [before, sandboxesBefore] = [await look(), await sandboxes()];
    await upset();
    for (const end = Date.now() + 8000; Date.now() < end;) {
      for (const [i, { pod, main }] of (await look()).entries()) {
        expect(main).to.include({ restartCount: 0, containerID: before[i]?.main.containerID });
        expect(main.state).to.have.property('running');
        expect(pod.status.phase).to.equal('Running');
      }
      await delay(500);
    }
    await Promise.all(steadfast.map(ready));
    expect(await sandboxes()).to.deep.equal(sandboxesBefore);
  }

  it('counts no restart when the daemon is killed, and learns how a container ended meanwhile', async () => {
    await eventually(async () => {
      expect(await log('worker')).to.equal('prepared\n');
    });
    await unmoved(async () => {
      await node.cricket.sigkill();
      writeFileSync(join(node.shared, 'go'), '');
      await delay(3000);
      await node.cricket.start();
    });
    const { main, state } = await inState('worker', 'terminated');
    expect(state).to.include({ exitCode: 0, reason: 'Completed' });
    expect(main.restartCount).to.equal(0);
    expect(await log('worker')).to.equal('prepared\nlast words\n');
    const ticks = rotatedLog(node.kubelet(), 'steady').lines.slice(1);
    expect(ticks).to.deep.equal(ticks.map((_, i) => `tick ${i + 1}`));
  });

  it('counts no restart when the kubelet is started again', async () => {
    await unmoved(async () => {
      await node.restartKubelet();
      await Promise.all(steadfast.map(ready));
    });
  });

  it('deletes all of it, and nothing is left', async () => {
    const names = Object.keys(pods);
    // Of these it kills every process by the cgroup first, and asks the daemon after that.
    await node.restartKubelet(() => {
      for (const name of names.splice(0, names.length / 2)) node.remove(name);
    });
    for (const name of names) node.remove(name);
    await eventually(async () => {
      expect(await node.kubelet().pods()).to.deep.equal([]);
    }, 60_000);
    // The kubelet collects sandboxes that ended once a minute.
    await eventually(async () => {
      expect(await node.cricket.left()).to.deep.equal([]);
    }, 90_000);
    const ofPods = () => listCgroups(node.cgroupRoot).filter((path) => /\/pod[0-9a-f]/.test(path));
    await eventually(() => {
      expect(ofPods()).to.deep.equal([]);
    }, 10_000);
  });

  it('met no answer that it did not expect', () => {
    const odd = /code = (Internal|InvalidArgument|Unknown|Unimplemented)|not implemented, falling back/;
    const lines = readFileSync(node.kubelet().logFile, 'utf8').split('\n');
    // The typing mistake above.
    const known = /bussybox/;
    expect(lines.filter((line) => odd.test(line) && !known.test(line))).to.deep.equal([]);
    const own = node.cricket.log().split('\n');
    expect(own.filter((line) => line.includes('"level":"error"'))).to.deep.equal([]);
    expect(own.some((line) => line.includes('"rpc":"StreamPodSandboxes"'))).to.equal(true);
  });
});

const ownScore = () => readFileSync('/proc/self/oom_score_adj', 'utf8');
