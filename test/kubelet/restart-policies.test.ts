import { expect } from 'chai';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startNode } from '../fixtures/kubelet/node.ts';
import type { TestNode } from '../fixtures/kubelet/node.ts';
import { shell, staticPod } from '../fixtures/kubelet/static-pod.ts';
import type { StaticPod } from '../fixtures/kubelet/static-pod.ts';
import { events, isReady, logLines, logOf, viewOf } from '../fixtures/kubelet/views.ts';
import { eventually } from '../fixtures/pods.ts';

/** Counts its runs in the pod's folder. */
const counting = 'n=$(($(cat /work/n 2>/dev/null || echo 0) + 1)); echo $n > /work/n; echo run $n';
const work = {
  spec: { volumes: [{ name: 'work', emptyDir: {} }] },
  mount: { volumeMounts: [{ name: 'work', mountPath: '/work' }] },
};

function counted(name: string, restartPolicy: string, then: string): StaticPod {
  const spec = { restartPolicy, ...work.spec };
  return staticPod({ name, script: `${counting}; ${then}`, spec, container: work.mount });
}

/** Init containers one after the other, the second on its second try, then a sidecar that must have started, then two more. */
function orderedPod(shared: string): StaticPod {
  const mount = { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] };
  const note = (text: string) => `echo ${text} >> /shared/order`;
  const untilTold = (name: string) =>
    `trap '${note(`${name} ends`)}; exit 0' TERM; ${note(`${name} begins`)}; touch /shared/${name}; while :; do sleep 3600 & wait; done`;
  const sidecar = (name: string) =>
    shell(name, `sleep 1; ${untilTold(name)}`, {
      ...mount,
      restartPolicy: 'Always',
      startupProbe: { exec: { command: ['test', '-e', `/shared/${name}`] }, periodSeconds: 1, failureThreshold: 60 },
    });
  return staticPod({
    name: 'ordered',
    script: untilTold('main'),
    container: mount,
    spec: {
      terminationGracePeriodSeconds: 30,
      volumes: [{ name: 'shared', hostPath: { path: shared, type: 'Directory' } }],
      initContainers: [
        shell('first', note('first'), mount),
        shell('second', `[ -e /shared/tried ] || { touch /shared/tried; exit 9; }; ${note('second')}`, mount),
        sidecar('proxy'),
        shell('third', note('third'), mount),
        sidecar('shipper'),
      ],
    },
  });
}

describe('a real kubelet runs containers again, or not', function () {
  this.timeout(120_000);
  let node: TestNode;
  before(async function () {
    this.timeout(600_000);
    // Ten seconds at first and five minutes in the end, unless told.
    const kubelet = { crashLoopBackOff: { maxContainerRestartPeriod: '2s' } };
    node = await startNode({ kubelet, featureGates: { KubeletCrashLoopBackOffMax: true }, verbosity: 3 });
    for (const pod of [
      counted('always', 'Always', 'sleep 1'),
      counted('on-failure', 'OnFailure', '[ $n -ge 3 ] || exit 4'),
      counted('never', 'Never', 'exit 5'),
      counted('done', 'OnFailure', 'true'),
      staticPod({ name: 'typo', script: '', spec: { restartPolicy: 'Never' }, container: { command: ['bussybox'] } }),
      orderedPod(node.shared),
    ])
      node.run(pod.metadata.name, pod);
  });
  after(async () => node[Symbol.asyncDispose]());

  const view = async (name: string) => viewOf(node.kubelet(), name);
  const inPhase = async (name: string, phase: string) =>
    eventually(async () => {
      const seen = await view(name);
      expect(seen.pod.status.phase).to.equal(phase);
      return seen.main;
    }, 90_000);

  it('again after any end: Always', async () => {
    const main = await eventually(async () => {
      const seen = (await view('always')).main;
      expect(seen.restartCount).to.be.greaterThan(1);
      return seen;
    }, 60_000);
    expect(main.lastState['terminated']).to.include({ exitCode: 0, reason: 'Completed' });
    expect(await node.sandboxes('always')).to.have.length(1);
    await eventually(() => expect(events(node.kubelet()).join('\n')).to.match(/reason="BackOff".*always-cricket-test/));
  });

  it('again until it went well: OnFailure', async () => {
    const main = await inPhase('on-failure', 'Succeeded');
    expect(main.restartCount).to.equal(2);
    expect(main.state['terminated']).to.include({ exitCode: 0, reason: 'Completed' });
    expect(await logOf(node.kubelet(), 'on-failure')).to.equal('run 3\n');
    const done = await inPhase('done', 'Succeeded');
    expect(done.restartCount).to.equal(0);
  });

  it('not at all: Never', async () => {
    const main = await inPhase('never', 'Failed');
    expect(main.restartCount).to.equal(0);
    expect(main.state['terminated']).to.include({ exitCode: 5, reason: 'Error' });
    expect(await logOf(node.kubelet(), 'never')).to.equal('run 1\n');
  });

  it('not at all: Never, where it cannot even be started', async () => {
    const main = await inPhase('typo', 'Failed');
    expect(main.restartCount).to.equal(0);
    const { exitCode, reason, message } = main.state['terminated'] ?? {};
    expect({ exitCode, reason }).to.deep.equal({ exitCode: 128, reason: 'StartError' });
    expect(message).to.match(/`bussybox` not found in \$PATH.*; name a program that the image has/);
    expect(await node.sandboxes('typo')).to.have.length(1);
  });

  const order = () => readFileSync(join(node.shared, 'order'), 'utf8').split('\n').slice(0, -1);

  it('init containers and sidecars in their order', async () => {
    const { container } = await eventually(async () => {
      const seen = await view('ordered');
      expect(isReady(seen.pod), 'Ready').to.equal(true);
      return seen;
    }, 90_000);
    expect(order()).to.deep.equal(['first', 'second', 'proxy begins', 'third', 'shipper begins', 'main begins']);
    expect(container('first').state['terminated']).to.include({ exitCode: 0, reason: 'Completed' });
    expect(container('second').restartCount).to.equal(1);
    expect(container('proxy')).to.include({ ready: true, started: true, restartCount: 0 });
    expect(container('proxy').state).to.have.property('running');
  });

  it('a sidecar that ends alone, while the others run on', async () => {
    const before = await view('ordered');
    const [id = ''] = before.container('proxy').containerID?.split('//').slice(1) ?? [];
    await node.cricket.client.runtime.stopContainer({ containerId: id, timeout: 10n });
    await eventually(async () => {
      const after = await view('ordered');
      expect(after.container('proxy').restartCount).to.equal(1);
      expect(after.container('proxy').state).to.have.property('running');
      expect(after.main).to.include({ restartCount: 0, containerID: before.main.containerID });
    }, 60_000);
  });

  it('ends sidecars last, and in the order against their beginnings', async () => {
    await eventually(() => expect(order().filter((line) => line === 'proxy begins')).to.have.length(2), 60_000);
    writeFileSync(join(node.shared, 'order'), '');
    node.remove('ordered');
    await eventually(() => expect(order()).to.deep.equal(['main ends', 'shipper ends', 'proxy ends']), 60_000);
  });

  it('and all of it goes', async () => {
    for (const name of ['always', 'on-failure', 'never', 'done', 'typo']) node.remove(name);
    await eventually(async () => expect(await node.kubelet().pods()).to.deep.equal([]), 60_000);
    await eventually(async () => expect(await node.cricket.left()).to.deep.equal([]), 90_000);
    expect(logLines(node.kubelet(), /DeadlineExceeded|code = (Internal|Unimplemented)/)).to.deep.equal([]);
  });
});
