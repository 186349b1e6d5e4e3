import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { ContainerState, PodSandboxState } from '../../api/cri/v1/api.ts';
import type { ContainerStatus } from '../../api/cri/v1/api.ts';
import type { CriClient } from '../../hack/lib/cri-client.ts';
import { startTestRegistry, writeMirrors } from '../fixtures/images/images.ts';
import type { Registry } from '../fixtures/images/registry.ts';
import { startKubelet } from '../fixtures/kubelet/kubelet.ts';
import type { Kubelet } from '../fixtures/kubelet/kubelet.ts';
import { sleeping, staticPod } from '../fixtures/kubelet/static-pod.ts';
import { logLines, runIn, viewOf } from '../fixtures/kubelet/views.ts';
import { eventually } from '../fixtures/pods.ts';
import * as systemd from './systemd.ts';

/** hack/test runs this file in one boot after the other; the disk is all that they share. */
const boot = process.env['CRICKET_TEST_BOOT'];
const dir = '/scratch/node';
const notes = join(dir, 'before.json');
const patience = 120_000;

const pods = {
  always: staticPod({ name: 'always', script: sleeping }),
  never: staticPod({ name: 'never', script: sleeping, spec: { restartPolicy: 'Never' } }),
  done: staticPod({ name: 'done', script: 'echo last words', spec: { restartPolicy: 'OnFailure' } }),
  failed: staticPod({ name: 'failed', script: 'exit 7', spec: { restartPolicy: 'Never' } }),
} as const;
type Name = keyof typeof pods;
const names = Object.keys(pods) as Name[];

interface Before {
  readonly sandbox: string;
  readonly container: string;
  readonly ip: string;
}

async function serve(): Promise<CriClient> {
  systemd.startAsUpDoes(`images.certs_dir = "${join(dir, 'certs')}"`);
  return systemd.connected();
}

/** What is left of pods goes with them, and what the service keeps for its next life with the service. */
async function end(cri: CriClient): Promise<void> {
  for (const { id: podSandboxId } of (await cri.runtime.listPodSandbox()).items)
    await cri.runtime.removePodSandbox({ podSandboxId });
  cri.close();
  expect(await systemd.end('/cricket.slice')).to.deep.equal([]);
}

const start = async (endpoint = `unix://${systemd.settings.state}/cricket.sock`) =>
  startKubelet({ endpoint, dir: join(dir, 'kubelet'), cgroupRoot: '/', cgroupDriver: 'systemd', verbosity: 3 });

const manifest = (name: string) => join(dir, 'kubelet/manifests', `${name}.json`);

async function sandboxesOf(cri: CriClient, name: string) {
  const { items } = await cri.runtime.listPodSandbox();
  return items.filter(({ labels }) => labels['app'] === name);
}

async function statusOf(cri: CriClient, containerId: string): Promise<ContainerStatus> {
  const { status } = await cri.runtime.containerStatus({ containerId });
  if (status === undefined) throw new Error('the answer has no status');
  return status;
}

if (boot !== '2')
  describe('a node whose machine is about to be reset', function () {
    this.timeout(patience);
    let cri: CriClient;
    let kubelet: Kubelet;
    let registry: Registry;
    before(async function () {
      this.timeout(600_000);
      mkdirSync(join(dir, 'kubelet/manifests'), { recursive: true });
      for (const name of names) writeFileSync(manifest(name), JSON.stringify(pods[name]));
      registry = await startTestRegistry({ configDir: join(dir, 'registry') });
      writeMirrors(join(dir, 'certs'), registry);
      // What is not Cricket's is on the disk; what is, is its own affair.
      execFileSync('sync');
      cri = await serve();
      kubelet = await start();
    });
    after(async () => {
      await kubelet.stop();
      await end(cri);
      await registry.stop();
    });

    it('has pods that run, and some that have ended', async () => {
      const phases = { always: 'Running', never: 'Running', done: 'Succeeded', failed: 'Failed' } as const;
      const all: Partial<Record<Name, Before>> = {};
      for (const name of names)
        all[name] = await eventually(async () => {
          const { pod, main } = await viewOf(kubelet, name);
          expect(pod.status.phase).to.equal(phases[name]);
          const [sandbox] = await sandboxesOf(cri, name);
          const container = main.containerID?.split('//')[1] ?? '';
          return { sandbox: sandbox?.id ?? '', container, ip: pod.status.podIP ?? '' };
        }, patience);
      writeFileSync(notes, JSON.stringify(all), { flush: true });
    });

    it('and is reset', async () => {
      writeFileSync('/proc/sysrq-trigger', 'b');
      await delay(patience);
    });
  });
else
  describe('a node whose machine was reset in the midst', function () {
    this.timeout(patience);
    const before_ = JSON.parse(readFileSync(notes, 'utf8')) as Record<Name, Before>;
    let cri: CriClient;
    let kubelet: Kubelet;
    before(async function () {
      this.timeout(600_000);
      cri = await serve();
    });
    after(async () => {
      await kubelet.stop();
      await end(cri);
    });

    it('knows every pod, none of which runs', async () => {
      const { items } = await cri.runtime.listPodSandbox();
      expect(items.map(({ id }) => id)).to.have.members(names.map((name) => before_[name].sandbox));
      for (const { state } of items) expect(state).to.equal(PodSandboxState.SANDBOX_NOTREADY);
    });

    it('and of every container how it ended', async () => {
      const { containers } = await cri.runtime.listContainers();
      // Beside them may be one that was half made when its minute was over: this machine can be that slow.
      expect(containers.map(({ id }) => id)).to.include.members(names.map((name) => before_[name].container));
      const ends = {
        always: { exitCode: 255, reason: 'Unknown' },
        never: { exitCode: 255, reason: 'Unknown' },
        done: { exitCode: 0, reason: 'Completed' },
        failed: { exitCode: 7, reason: 'Error' },
      } as const;
      for (const name of names) {
        const status = await statusOf(cri, before_[name].container);
        expect(status, name).to.include({ state: ContainerState.CONTAINER_EXITED, ...ends[name] });
        expect(status.finishedAt > status.createdAt, `${name} has finished`).to.equal(true);
      }
    });

    it('has their addresses free', () => {
      expect(readdirSync(join(systemd.settings.root, 'network/leases'))).to.deep.equal([]);
    });

    it('runs again what shall always run, once, with images that are still there', async () => {
      kubelet = await start();
      await eventually(async () => {
        const { pod, main } = await viewOf(kubelet, 'always');
        expect(pod.status.phase).to.equal('Running');
        expect(main.restartCount).to.equal(1);
        expect(main.state).to.have.property('running');
        expect(main.lastState['terminated']).to.include({ exitCode: 255 });
      }, patience);
      const ready = (await sandboxesOf(cri, 'always')).filter(({ state }) => state === PodSandboxState.SANDBOX_READY);
      expect(ready).to.have.length(1);
      expect(ready[0]?.metadata?.attempt).to.equal(1);
      expect(await runIn(kubelet, 'always', 'echo inside')).to.equal('inside\n');
    });

    it('and nothing that was done, or shall never run again', async () => {
      const ends = { never: ['Failed', 255], done: ['Succeeded', 0], failed: ['Failed', 7] } as const;
      for (const name of ['never', 'done', 'failed'] as const) {
        const [phase, exitCode] = ends[name];
        await eventually(async () => {
          const { pod, main } = await viewOf(kubelet, name);
          expect(pod.status.phase, name).to.equal(phase);
          expect(main).to.include({ restartCount: 0, containerID: `cricket://${before_[name].container}` });
          expect(main.state['terminated']).to.include({ exitCode });
        }, patience);
        const [first, ...others] = await sandboxesOf(cri, name);
        expect([first?.id, others]).to.deep.equal([before_[name].sandbox, []]);
      }
    });

    it('takes a pod that is new', async () => {
      writeFileSync(manifest('fresh'), JSON.stringify(staticPod({ name: 'fresh', script: sleeping })));
      await eventually(async () => {
        expect((await viewOf(kubelet, 'fresh')).pod.status.phase).to.equal('Running');
      }, patience);
      const addresses = await Promise.all(
        ['always', 'fresh'].map(async (name) => (await viewOf(kubelet, name)).pod.status.podIP),
      );
      expect(new Set(addresses).size).to.equal(2);
    });

    it('and lets all of them go', async () => {
      for (const name of [...names, 'fresh']) execFileSync('rm', [manifest(name)]);
      await eventually(async () => expect(await kubelet.pods()).to.deep.equal([]), patience);
      // The kubelet collects sandboxes once a minute.
      await eventually(async () => expect((await cri.runtime.listPodSandbox()).items).to.deep.equal([]), patience);
      for (const folder of ['pods', 'containers', 'network/leases'])
        expect(readdirSync(join(systemd.settings.root, folder)), folder).to.deep.equal([]);
      expect(logLines(kubelet, /code = (Internal|AlreadyExists|Unimplemented)/)).to.deep.equal([]);
    });
  });
