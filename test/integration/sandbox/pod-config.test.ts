import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { PodSandboxState } from '../../../api/cri/v1/api.ts';
import type { PodSandboxFilter } from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { PodSandboxFilter as Filter } from '../../../api/cri/v1/api.ts';
import { openCgroups } from '../../../src/cgroups/cgroups.ts';
import { mounts } from '../../leftovers/kernel.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import { underSystemd } from '../../fixtures/daemon/groups.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import {
  containerWith,
  createContainer,
  eventually,
  podStatus,
  removePod,
  runContainer,
  runPod,
} from '../../fixtures/pods.ts';
import { fails, initPid, processesBelow, sh } from './lab.ts';

const { SANDBOX_READY, SANDBOX_NOTREADY } = PodSandboxState;

describe('a pod', () => {
  let cricket: Cricket;
  before(async () => (cricket = await startCricket()));
  after(async () => cricket.stop());
  afterEach(async () => cricket.removePods());

  const idsOf = async (filter: Partial<PodSandboxFilter>) => {
    const { items } = await cricket.client.runtime.listPodSandbox({ filter: filled(Filter, filter) });
    return items.map(({ id }) => id);
  };

  it('shows what it was made of', async () => {
    const before = BigInt(Date.now()) * 1_000_000n;
    const labels = { 'io.kubernetes.pod.name': 'a', constructor: 'x', tier: 'grün' };
    const annotations = { '{"json":true}': 'a\nb', empty: '' };
    const pod = await runPod(cricket, { name: 'a', namespace: 'ns', uid: 'u-1', attempt: 7, labels, annotations });
    const status = await podStatus(cricket, pod.id);
    expect(status).to.deep.include({ id: pod.id, labels, annotations, state: SANDBOX_READY, runtimeHandler: '' });
    expect(status.metadata).to.deep.equal({ name: 'a', namespace: 'ns', uid: 'u-1', attempt: 7 });
    expect(status.createdAt >= before - 1_000_000n && status.createdAt <= before + 60_000_000_000n).to.equal(true);
    const { items } = await cricket.client.runtime.listPodSandbox();
    expect(items).to.have.length(1);
    expect(items[0]).to.deep.include({ id: pod.id, labels, annotations, createdAt: status.createdAt });
    await removePod(cricket, pod.id);
  });

  it('tells its containers with its status, the newest first, all of one moment', async () => {
    const pod = await runPod(cricket, { name: 'a' });
    const one = await runContainer(cricket, pod, { name: 'one' });
    const two = await createContainer(cricket, pod, { name: 'two' });
    const answer = await cricket.client.runtime.podSandboxStatus({ podSandboxId: pod.id, verbose: true });
    expect(answer.containersStatuses.map(({ id }) => id)).to.deep.equal([two.id, one.id]);
    expect(answer.timestamp > (answer.status?.createdAt ?? 0n)).to.equal(true);
    expect(JSON.parse(answer.info['info'] ?? '')).to.include({ state: 'ready' });
    await removePod(cricket, pod.id);
  });

  it('is found by every filter, and by all of them together', async () => {
    const a = await runPod(cricket, { name: 'a', labels: { app: 'web', tier: 'front' } });
    const b = await runPod(cricket, { name: 'b', labels: { app: 'web', tier: 'back' } });
    const c = await runPod(cricket, { name: 'c' });
    await cricket.client.runtime.stopPodSandbox({ podSandboxId: b.id });
    expect(await idsOf({})).to.have.members([a.id, b.id, c.id]);
    expect(await idsOf({ id: a.id })).to.deep.equal([a.id]);
    expect(await idsOf({ id: a.id.slice(0, 20) })).to.deep.equal([a.id]);
    expect(await idsOf({ id: '0'.repeat(64) })).to.deep.equal([]);
    expect(await idsOf({ state: { state: SANDBOX_READY } })).to.have.members([a.id, c.id]);
    expect(await idsOf({ state: { state: SANDBOX_NOTREADY } })).to.deep.equal([b.id]);
    expect(await idsOf({ labelSelector: { app: 'web' } })).to.have.members([a.id, b.id]);
    expect(await idsOf({ labelSelector: { app: 'web', tier: 'front' } })).to.deep.equal([a.id]);
    expect(await idsOf({ labelSelector: { toString: 'x' } })).to.deep.equal([]);
    expect(await idsOf({ id: a.id, state: { state: SANDBOX_NOTREADY } })).to.deep.equal([]);
    for (const { id } of [a, b, c]) await removePod(cricket, id);
  });

  it('keeps its status after a stop, without address, until it is removed', async () => {
    const pod = await runPod(cricket, { name: 'a' });
    await runContainer(cricket, pod, { name: 'c' });
    const request = { podSandboxId: pod.id };
    for (let times = 0; times < 2; times++) await cricket.client.runtime.stopPodSandbox(request);
    expect(await podStatus(cricket, pod.id)).to.include({ state: SANDBOX_NOTREADY, network: undefined });
    const config = containerWith({ name: 'another' });
    const late = cricket.client.runtime.createContainer({ podSandboxId: pod.id, config, sandboxConfig: pod.config });
    await fails(late, 'FAILED_PRECONDITION', 'stopped');
    for (let times = 0; times < 2; times++) await cricket.client.runtime.removePodSandbox(request);
    await fails(podStatus(cricket, pod.id), 'NOT_FOUND', pod.id);
    expect(await cricket.left()).to.deep.equal([]);
  });

  it('ends what runs in it when it is removed without a stop', async () => {
    const pod = await runPod(cricket, { name: 'a' });
    await runContainer(cricket, pod, { name: 'c' });
    await cricket.client.runtime.removePodSandbox({ podSandboxId: pod.id });
    expect(await cricket.left()).to.deep.equal([]);
  });

  describe('and cgroups', () => {
    it('lives in the cgroup that the kubelet names, which stays when it goes, if it was there', async function () {
      if (underSystemd) this.skip(); // slices are made by systemd: test/vm/driver.test.ts
      const cgroups = openCgroups({ onStuck: () => undefined });
      const top = cgroups.parseParent(`${cricket.cgroup}/kubepods`);
      const parent = cgroups.child(top, 'pod1');
      cgroups.create(parent);
      const pod = await runPod(cricket, { name: 'a', cgroupParent: parent });
      const container = await runContainer(cricket, pod, { name: 'c' });
      expect(processesBelow(parent)).to.include(await initPid(cricket, container));
      expect(processesBelow(`${parent}/${container.id}`)).to.include(await initPid(cricket, container));
      await removePod(cricket, pod.id);
      expect(processesBelow(parent)).to.deep.equal([]);
      expect(cgroups.exists(parent)).to.equal(true);
      await cgroups.remove(top, AbortSignal.timeout(5000));
    });

    it('lives below the configured one when none is named', async () => {
      const pod = await runPod(cricket, { name: 'a' });
      const container = await runContainer(cricket, pod, { name: 'c' });
      expect(processesBelow(cricket.podCgroup(pod.id))).to.include(await initPid(cricket, container));
      await removePod(cricket, pod.id);
    });

    const slices = [
      ['/kubepods/burstable/pod1', /slice.*systemd/],
      ['/kubepods.slice/other-pod1.slice', /not where systemd keeps/],
      ['relative/pod1', 'slice'],
      ['a--b.slice', 'slice'],
    ] as const;
    const paths = [
      ['kubepods-burstable-pod1.slice', /systemd|slice/],
      ['/kubepods.slice/kubepods-pod1.slice', /systemd|slice/],
      ['relative/pod1', 'relative'],
      ['/cricket-test/../../other', '".."'],
      ['/a/memory.max', 'kernel file'],
    ] as const;
    for (const [parent, said] of underSystemd ? slices : paths)
      it(`refuses ${parent} as a parent`, async () => {
        await fails(runPod(cricket, { name: 'a', cgroupParent: parent }), 'INVALID_ARGUMENT', said);
        const trees = mounts().filter(({ type }) => type.startsWith('cgroup'));
        expect(trees.filter(({ point }) => existsSync(`${point}/${parent}`))).to.deep.equal([]);
      });
  });

  it('speaks with other pods, with its own lo, and with the host', async () => {
    const [a, b] = [await runPod(cricket, { name: 'a' }), await runPod(cricket, { name: 'b' })];
    const server = await runContainer(cricket, a, {
      name: 'server',
      command: ['sh', '-c', 'mkdir /w; echo hello > /w/index.html; exec httpd -f -p 8080 -h /w'],
    });
    const client = await runContainer(cricket, b, { name: 'client' });
    const ip = (await podStatus(cricket, a.id)).network?.ip ?? '';
    // Not wget: that of a static busybox ends by SIGSEGV where it looks up names.
    const fetch = (from: string) => `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 2 ${from} 8080 | tail -n 1 | grep .`;
    expect(await eventually(async () => sh(cricket, server, fetch('127.0.0.1')))).to.equal('hello');
    expect(await sh(cricket, client, fetch(ip))).to.equal('hello');
    const answer = await globalThis.fetch(`http://${ip}:8080/`);
    expect(await answer.text()).to.equal('hello\n');
  });
});
