import { expect } from 'chai';
import { hostname } from 'node:os';
import { NamespaceMode } from '../../../api/cri/v1/api.ts';
import type { NamespaceOption } from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { NamespaceOption as NamespaceOptions } from '../../../api/cri/v1/api.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { podStatus, removePod, runContainer, runPod, eventually } from '../../fixtures/pods.ts';
import { mounts } from '../../leftovers/kernel.ts';
import { fails, initPid, namespaceOf, sh } from './lab.ts';

const { POD, CONTAINER, NODE, TARGET } = NamespaceMode;

/** Two containers of one pod with these modes, and what their processes' namespaces are. */
async function pairIn(cricket: Cricket, name: string, modes: Partial<NamespaceOption>) {
  const pod = await runPod(cricket, { name, namespaces: modes });
  const security = { namespaceOptions: filled(NamespaceOptions, modes) };
  const a = await runContainer(cricket, pod, { name: 'a', security });
  const b = await runContainer(cricket, pod, { name: 'b', security });
  const pids = [await initPid(cricket, a), await initPid(cricket, b)] as const;
  const of = (kind: string) => ({ a: namespaceOf(kind, pids[0]), b: namespaceOf(kind, pids[1]) });
  return { pod, a, b, net: of('net'), ipc: of('ipc'), uts: of('uts'), pid: of('pid'), mnt: of('mnt') };
}

describe('namespaces of a pod', () => {
  let cricket: Cricket;
  before(async () => (cricket = await startCricket()));
  after(async () => cricket.stop());
  afterEach(async () => cricket.removePods());

  it('are its own and shared by its containers, but for pid and mnt', async () => {
    const { pod, net, ipc, uts, pid, mnt } = await pairIn(cricket, 'plain', { pid: CONTAINER });
    for (const [kind, one] of Object.entries({ net, ipc, uts })) {
      expect(one.a, kind).to.equal(one.b);
      expect(one.a, kind).not.to.equal(namespaceOf(kind));
    }
    expect(new Set([pid.a, pid.b, namespaceOf('pid')]).size).to.equal(3);
    expect(new Set([mnt.a, mnt.b, namespaceOf('mnt')]).size).to.equal(3);
    const status = await podStatus(cricket, pod.id);
    expect(status.linux?.namespaces?.options).to.include({ network: POD, ipc: POD, pid: CONTAINER });
    expect(status.network?.ip).to.match(/^10\./);
    await removePod(cricket, pod.id);
  });

  it("are not those of another pod's", async () => {
    const [a, b] = [await pairIn(cricket, 'one', { pid: POD }), await pairIn(cricket, 'two', { pid: POD })];
    for (const kind of ['net', 'ipc', 'uts', 'pid'] as const) expect(a[kind].a, kind).not.to.equal(b[kind].a);
    await Promise.all([removePod(cricket, a.pod.id), removePod(cricket, b.pod.id)]);
  });

  it("are the host's where it asks for them, and the status says so", async () => {
    const { pod, a, net, ipc, uts, pid } = await pairIn(cricket, 'host', { network: NODE, ipc: NODE, pid: NODE });
    for (const [kind, one] of Object.entries({ net, ipc, uts, pid })) {
      expect(one.a, kind).to.equal(namespaceOf(kind));
      expect(one.b, kind).to.equal(namespaceOf(kind));
    }
    const status = await podStatus(cricket, pod.id);
    expect(status.linux?.namespaces?.options).to.include({ network: NODE, ipc: NODE, pid: NODE });
    expect(status.network, 'an empty address would make the kubelet start it anew').to.equal(undefined);
    expect(await sh(cricket, a, 'hostname')).to.equal(hostname());
    await removePod(cricket, pod.id);
  });

  for (const [kind, modes] of [
    ['net', { network: NODE, ipc: POD, pid: CONTAINER }],
    ['ipc', { network: POD, ipc: NODE, pid: CONTAINER }],
    ['pid', { network: POD, ipc: POD, pid: NODE }],
  ] as const)
    it(`can be the host's for ${kind} alone`, async () => {
      const pair = await pairIn(cricket, `only-${kind}`, modes);
      for (const each of ['net', 'ipc', 'pid'] as const)
        if (each === kind) expect(pair[each].a, each).to.equal(namespaceOf(each));
        else expect(pair[each].a, each).not.to.equal(namespaceOf(each));
      await removePod(cricket, pair.pod.id);
    });

  it('shares one pid namespace where asked, with an init that reaps orphans', async () => {
    const { pod, a, b, pid } = await pairIn(cricket, 'shared', { pid: POD });
    expect(pid.a).to.equal(pid.b);
    expect(pid.a).not.to.equal(namespaceOf('pid'));
    expect(await sh(cricket, a, 'tr "\\0" " " < /proc/1/cmdline')).to.contain('/init -P');
    const orphan = await sh(cricket, a, '(sleep 0.2 & echo $!)');
    await eventually(async () => {
      const state = await sh(cricket, b, `cat /proc/${orphan}/stat 2>/dev/null || echo gone`);
      expect(state).to.equal('gone');
    });
    await sh(cricket, a, 'kill -9 1 || true');
    expect(await sh(cricket, b, 'echo still here')).to.equal('still here');
    await removePod(cricket, pod.id);
  });

  it("lets a container join another one's pid namespace by its id", async () => {
    const pod = await runPod(cricket, { name: 'target' });
    const a = await runContainer(cricket, pod, { name: 'a' });
    const join = (targetId: string) => ({
      namespaceOptions: filled(NamespaceOptions, { pid: TARGET, targetId }),
    });
    const b = await runContainer(cricket, pod, { name: 'b', security: join(a.id) });
    expect(namespaceOf('pid', await initPid(cricket, b))).to.equal(namespaceOf('pid', await initPid(cricket, a)));
    await fails(
      runContainer(cricket, pod, { name: 'c', security: join('0'.repeat(64)) }),
      'INVALID_ARGUMENT',
      'does not run in its sandbox',
    );
    const other = await runPod(cricket, { name: 'stranger' });
    await fails(
      runContainer(cricket, other, { name: 'c', security: join(a.id) }),
      'INVALID_ARGUMENT',
      'does not run in its sandbox',
    );
    await Promise.all([removePod(cricket, pod.id), removePod(cricket, other.id)]);
  });

  it('hide the cgroup where it is one tree', async () => {
    const pod = await runPod(cricket, { name: 'cgroups' });
    const plain = await runContainer(cricket, pod, { name: 'plain' });
    const isOne = mounts().some(({ point, type }) => point === '/sys/fs/cgroup' && type === 'cgroup2');
    const own = namespaceOf('cgroup', await initPid(cricket, plain));
    expect(own === namespaceOf('cgroup')).to.equal(!isOne);
    const path = await sh(cricket, plain, 'cat /proc/self/cgroup');
    if (isOne) expect(path).to.equal('0::/');
    else expect(path).to.contain(cricket.cgroup);
    await removePod(cricket, pod.id);
  });

  it('are let go of with the pod', async () => {
    const { items } = await cricket.client.runtime.listPodSandbox();
    expect(items).to.deep.equal([]);
    expect(await cricket.left()).to.deep.equal([]);
  });
});
