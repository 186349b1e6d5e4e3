import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { startNode } from '../fixtures/kubelet/node.ts';
import type { TestNode } from '../fixtures/kubelet/node.ts';
import { sleeping, staticPod } from '../fixtures/kubelet/static-pod.ts';
import type { StaticPod } from '../fixtures/kubelet/static-pod.ts';
import { events, isReady, logLines, viewOf } from '../fixtures/kubelet/views.ts';
import { eventually } from '../fixtures/pods.ts';

/** On these words, a line in a file of the node. */
const waiting = (trap: string) => `${trap}; touch /tmp/up; while :; do sleep 3600 & wait $!; done`;
const note = (name: string, text: string) => `echo ${text} >> /shared/${name}`;
const says = (name: string, text: string) => ({ exec: { command: ['sh', '-c', note(name, text)] } });

interface Wish {
  readonly name: string;
  readonly script: string;
  readonly graceSeconds?: number;
  readonly container?: Readonly<Record<string, unknown>>;
  readonly spec?: Readonly<Record<string, unknown>>;
}

function podWith(shared: string, { name, script, graceSeconds = 60, container, spec }: Wish): StaticPod {
  return staticPod({
    name,
    script,
    spec: {
      terminationGracePeriodSeconds: graceSeconds,
      volumes: [{ name: 'shared', hostPath: { path: shared, type: 'Directory' } }],
      ...spec,
    },
    container: { volumeMounts: [{ name: 'shared', mountPath: '/shared' }], ...container },
  });
}

/** Ended, and begun again, as soon as the file is there. */
const untilGone = (name: string) => ({
  exec: { command: ['sh', '-c', `! [ -e /tmp/up ] || [ -e /shared/${name}-again ]`] },
  periodSeconds: 1,
  failureThreshold: 1,
  timeoutSeconds: 10,
});

function wishes(registry: string, port: number): readonly Wish[] {
  const ask = (path: string) => ({ httpGet: { host: '127.0.0.1', port, path } });
  return [
    {
      name: 'hooks',
      script: `${note('hooks', 'main')}; ${waiting(`trap '${note('hooks', 'TERM')}; exit 0' TERM`)}`,
      container: { lifecycle: { postStart: says('hooks', 'started'), preStop: says('hooks', 'stopping') } },
    },
    {
      name: 'http-hooks',
      script: sleeping,
      container: { lifecycle: { postStart: ask('/started'), preStop: ask('/stopping') } },
    },
    {
      name: 'sleep-hook',
      script: waiting(`trap 'date +%s > /shared/sleep-hook; exit 0' TERM`),
      container: { lifecycle: { preStop: { sleep: { seconds: 4 } } } },
    },
    {
      name: 'bad-hook',
      script: sleeping,
      container: { lifecycle: { postStart: { exec: { command: ['sh', '-c', 'echo not today; exit 1'] } } } },
    },
    {
      name: 'slow-stop',
      script: `${note('slow-stop', 'begin')}; ${waiting(`trap 'sleep 2; ${note('slow-stop', 'end')}; exit 7' TERM`)}`,
      container: { livenessProbe: untilGone('slow-stop') },
    },
    {
      name: 'deaf',
      script: `${note('deaf', 'begin')}; ${waiting(`trap '${note('deaf', 'heard')}' TERM`)}`,
      container: { livenessProbe: { ...untilGone('deaf'), terminationGracePeriodSeconds: 1 } },
    },
    {
      name: 'own-signal',
      script: `${note('own-signal', 'begin')}; ${waiting(
        `trap '${note('own-signal', 'USR1')}; exit 8' USR1; trap '${note('own-signal', 'TERM')}' TERM`,
      )}`,
      container: { lifecycle: { stopSignal: 'SIGUSR1' }, livenessProbe: untilGone('own-signal') },
      spec: { os: { name: 'linux' } },
    },
    {
      name: 'image-signal',
      script: `${note('image-signal', 'begin')}; ${waiting(
        `trap '${note('image-signal', 'USR1')}; exit 8' USR1; trap '${note('image-signal', 'TERM')}' TERM`,
      )}`,
      container: { image: `${registry}/test/config:1`, livenessProbe: untilGone('image-signal') },
    },
    { name: 'deaf-pod', graceSeconds: 1, script: waiting(`trap '' TERM INT HUP`) },
  ];
}

describe('a real kubelet ends containers', function () {
  this.timeout(120_000);
  const asked: string[] = [];
  let server: Server;
  let node: TestNode;
  before(async function () {
    this.timeout(600_000);
    server = createServer((request, answer) => {
      asked.push(request.url ?? '');
      answer.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    node = await startNode({ featureGates: { ContainerStopSignals: true }, verbosity: 3 });
    for (const wish of all()) node.run(wish.name, podWith(node.shared, wish));
  });
  after(async () => {
    server.close();
    await node[Symbol.asyncDispose]();
  });

  const all = () => wishes(node.registry, (server.address() as AddressInfo).port);
  const view = async (name: string) => viewOf(node.kubelet(), name);
  const said = (name: string) => {
    const file = join(node.shared, name);
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  };
  const ready = async (name: string) =>
    eventually(async () => expect(isReady((await view(name)).pod), `${name} is ready`).to.equal(true), 60_000);
  const gone = async (name: string) => {
    node.remove(name);
    await eventually(async () => expect(await node.readySandboxes(name)).to.deep.equal([]), 90_000);
  };
  /** How it ended the first time, by its liveness probe. */
  const firstEnd = async (name: string) => {
    const main = await eventually(async () => {
      const seen = (await view(name)).main;
      expect(seen.restartCount, `restarts of ${name}`).to.be.greaterThan(0);
      return seen;
    }, 90_000);
    return main.lastState['terminated'];
  };

  it('with what is to be done after their beginning and before their end', async () => {
    await ready('hooks');
    await gone('hooks');
    expect(said('hooks')).to.have.members(['main', 'started', 'stopping', 'TERM']);
    expect(said('hooks').slice(2)).to.deep.equal(['stopping', 'TERM']);
  });

  it('with requests then', async () => {
    await ready('http-hooks');
    await eventually(() => expect(asked).to.deep.equal(['/started']));
    await gone('http-hooks');
    expect(asked).to.deep.equal(['/started', '/stopping']);
  });

  it('with a pause before', async () => {
    await ready('sleep-hook');
    const told = Math.floor(Date.now() / 1000);
    await gone('sleep-hook');
    expect(Number(said('sleep-hook')[0])).to.be.at.least(told + 3);
  });

  it('and again when what is to be done after their beginning goes wrong', async () => {
    await eventually(async () => expect((await view('bad-hook')).main.restartCount).to.be.greaterThan(0), 60_000);
    expect(events(node.kubelet()).join('\n')).to.match(/reason="FailedPostStartHook"/);
  });

  it('that take their time', async () => {
    expect(await firstEnd('slow-stop')).to.include({ exitCode: 7, reason: 'Error' });
    expect(said('slow-stop').slice(0, 3)).to.deep.equal(['begin', 'end', 'begin']);
  });

  it('that hear and do not go', async () => {
    expect(await firstEnd('deaf')).to.include({ exitCode: 137, reason: 'Error' });
    expect(said('deaf').slice(0, 3)).to.deep.equal(['begin', 'heard', 'begin']);
  });

  for (const [name, whose] of [
    ['own-signal', 'of their own choice'],
    ['image-signal', "of their image's choice"],
  ] as const)
    it(`with a signal ${whose}`, async () => {
      expect(await firstEnd(name)).to.include({ exitCode: 8, reason: 'Error' });
      expect(said(name).slice(0, 3)).to.deep.equal(['begin', 'USR1', 'begin']);
    });

  it('that ignore all they may, when their pod goes', async () => {
    await ready('deaf-pod');
    await gone('deaf-pod');
  });

  it('and all of it goes', async () => {
    for (const { name } of all()) rmSync(join(node.kubelet().manifestsDir, `${name}.json`), { force: true });
    await eventually(async () => expect(await node.kubelet().pods()).to.deep.equal([]), 90_000);
    await eventually(async () => expect(await node.cricket.left()).to.deep.equal([]), 90_000);
    expect(logLines(node.kubelet(), /code = (Internal|Unimplemented)/)).to.deep.equal([]);
  });
});
