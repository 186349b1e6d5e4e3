import { expect } from 'chai';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { startTestRegistry, writeMirrors } from '../fixtures/images/images.ts';
import { listCgroups } from '../fixtures/kubelet/cgroups.ts';
import { startKubelet } from '../fixtures/kubelet/kubelet.ts';
import type { Kubelet } from '../fixtures/kubelet/kubelet.ts';
import { eventually, podStatus } from '../fixtures/pods.ts';
import { agentPod, eaterPod, sharedPod, staticPod, steadyPod } from './kubelet/manifests.ts';
import { isReady, logOf, summary, viewOf } from './kubelet/views.ts';

const pods: Readonly<Record<string, () => object>> = {
  steady: steadyPod,
  crash: () => staticPod({ name: 'crash', script: 'echo dying; exit 3' }),
  eater: eaterPod,
  agent: agentPod,
  shared: sharedPod,
};
const cgroupRoot = `/cricket-test-kubelet-${randomBytes(3).toString('hex')}`;

/** Pods start together and are looked at one after the other: most of the time is the kubelet's own. */
describe('a real kubelet', function () {
  this.timeout(120_000);
  const dir = mkdtempSync(join(tmpdir(), 'cricket-kubelet-'));
  // Above those that the daemons of tests take.
  const podCidr = `10.${randomInt(240, 255)}.${randomInt(0, 256)}.0/24`;
  const scope = new AsyncDisposableStack();
  let cricket: Cricket;
  let kubelet: Kubelet;

  before(async function () {
    this.timeout(600_000);
    scope.defer(() => {
      rmSync(dir, { recursive: true, force: true });
    });
    const registry = await startTestRegistry({ configDir: join(dir, 'registry') });
    scope.defer(async () => registry.stop());
    writeMirrors(join(dir, 'certs'), registry);
    cricket = await startCricket({ certsDir: join(dir, 'certs'), demo: false, config: 'log.level = "debug"' });
    scope.defer(async () => cricket.stop());
    kubelet = await startKubelet({
      endpoint: cricket.endpoint,
      dir: join(dir, 'kubelet'),
      cgroupRoot,
      config: { podCIDR: podCidr },
      featureGates: { CRIListStreaming: true },
    });
    scope.defer(async () => kubelet.stop());
    for (const [name, pod] of Object.entries(pods)) {
      // The kubelet reads what it sees at once, but nothing with a dot in front.
      const draft = join(kubelet.manifestsDir, `.${name}`);
      writeFileSync(draft, JSON.stringify(pod()));
      renameSync(draft, manifest(name));
    }
  });
  after(async () => scope.disposeAsync());

  const manifest = (name: string) => join(kubelet.manifestsDir, `${name}.json`);
  const sandboxes = async (name: string) => {
    const { items } = await cricket.client.runtime.listPodSandbox();
    return items.filter(({ labels }) => labels['app'] === name).map(({ id }) => id);
  };
  const ready = async (name: string) =>
    eventually(async () => {
      const view = await viewOf(kubelet, name);
      expect(isReady(view.pod), 'Ready').to.equal(true);
      return view;
    }, 60_000);

  it('brings a static pod to Ready by its exec probe', async () => {
    const { pod, main } = await ready('steady');
    expect(main).to.include({ ready: true, restartCount: 0 });
    expect(pod.status.podIP?.replace(/\d+$/, '0/24')).to.equal(podCidr);
    const id = main.containerID?.split('//')[1] ?? '?';
    expect(listCgroups(cgroupRoot).filter((path) => path.endsWith(`/${id}`))).not.to.deep.equal([]);
  });

  it('reads its log', async () => {
    await eventually(async () =>
      expect(await logOf(kubelet, 'steady')).to.match(/^hello from steady-cricket-test\ntick 1\ntick 2\n/),
    );
    expect(await logOf(kubelet, 'steady', '?tailLines=1&timestamps=true')).to.match(/^[-\dT:.]+Z tick \d+\n$/);
  });

  it('runs an agent of the node, with a score that the daemon may give', async () => {
    await ready('agent');
    const [id = ''] = await sandboxes('agent');
    expect((await podStatus(cricket, id)).network).to.equal(undefined);
    await eventually(async () => {
      const [score = '', host, root] = (await logOf(kubelet, 'agent')).split('\n');
      expect(Number(score.replace('score ', ''))).to.be.within(-1000, Number(ownScore()));
      expect([host, root]).to.deep.equal([`host ${hostname()}`, '/host/proc']);
    });
  });

  it('runs two confined containers that share their processes', async () => {
    await ready('shared');
    await eventually(async () => {
      const text = await logOf(kubelet, 'shared');
      expect(text).to.match(/^uid=1000 gid=1000 groups=1000,2000,3000$/m);
      expect(text).to.match(/^sleep 999$/m);
    });
  });

  it('tells CPU, memory and disk', async () => {
    const pod = await eventually(async () => {
      const found = (await summary(kubelet)).pods.find(({ podRef }) => podRef.name.startsWith('steady-'));
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
    const { main } = await eventually(async () => {
      const view = await viewOf(kubelet, 'eater');
      expect(view.main.state).to.have.property('terminated');
      return view;
    }, 60_000);
    expect(main.state['terminated']).to.include({ exitCode: 137, reason: 'OOMKilled' });
    expect(await logOf(kubelet, 'eater')).to.equal('hungry\n');
  });

  it('restarts a crash, with back-off', async () => {
    const { main } = await eventually(async () => {
      const view = await viewOf(kubelet, 'crash');
      expect(view.main.restartCount).to.be.greaterThan(1);
      expect(view.main.state['waiting']).to.include({ reason: 'CrashLoopBackOff' });
      return view;
    }, 90_000);
    expect(main.lastState['terminated']).to.include({ exitCode: 3, reason: 'Error' });
    expect(await sandboxes('crash')).to.have.length(1);
  });

  it('counts no restart when the daemon is killed', async () => {
    const steadfast = ['steady', 'agent', 'shared'];
    const look = async () => Promise.all(steadfast.map(async (name) => viewOf(kubelet, name)));
    const ids = async () => Promise.all(steadfast.map(sandboxes));
    const [before, sandboxesBefore] = [await look(), await ids()];
    await cricket.sigkill();
    await delay(3000);
    await cricket.start();
    for (const end = Date.now() + 8000; Date.now() < end;) {
      await delay(500);
      for (const [i, { pod, main }] of (await look()).entries()) {
        expect(main).to.include({ restartCount: 0, containerID: before[i]?.main.containerID });
        expect(main.state).to.have.property('running');
        expect(pod.status.phase).to.equal('Running');
      }
    }
    expect((await look()).every(({ pod }) => isReady(pod))).to.equal(true);
    expect(await ids()).to.deep.equal(sandboxesBefore);
    const ticks = [...(await logOf(kubelet, 'steady')).matchAll(/tick (\d+)/g)].map(([, tick]) => Number(tick));
    expect(ticks).to.deep.equal(ticks.map((_, i) => i + 1));
  });

  it('deletes all of it, and nothing is left', async () => {
    for (const name of Object.keys(pods)) rmSync(manifest(name));
    await eventually(async () => {
      expect(await kubelet.pods()).to.deep.equal([]);
    }, 60_000);
    // The kubelet collects sandboxes that ended once a minute.
    await eventually(async () => {
      expect(await cricket.left()).to.deep.equal([]);
    }, 90_000);
    const ofPods = () => listCgroups(cgroupRoot).filter((path) => /\/pod[0-9a-f]/.test(path));
    await eventually(() => {
      expect(ofPods()).to.deep.equal([]);
    }, 10_000);
  });

  it('met no answer that it did not expect', () => {
    const log = readFileSync(kubelet.logFile, 'utf8').split('\n');
    const odd = /code = (Internal|InvalidArgument|Unknown|Unimplemented)|not implemented, falling back/;
    expect(log.filter((line) => odd.test(line))).to.deep.equal([]);
    const own = cricket.log().split('\n');
    expect(own.filter((line) => line.includes('"level":"error"'))).to.deep.equal([]);
    expect(own.some((line) => line.includes('"rpc":"StreamPodSandboxes"'))).to.equal(true);
  });
});

const ownScore = () => readFileSync('/proc/self/oom_score_adj', 'utf8');
