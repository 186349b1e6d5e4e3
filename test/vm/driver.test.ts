import { expect } from 'chai';
import { CgroupDriver, LinuxContainerResources } from '../../api/cri/v1/api.ts';
import { filled } from '../../hack/lib/cri-client.ts';
import type { CriClient } from '../../hack/lib/cri-client.ts';
import { podConfig } from '../../hack/lib/cri-messages.ts';
import { startTimeOf } from '../../src/linux/pidfd.ts';
import { eventually } from '../fixtures/pods.ts';
import { endOf, removePods, runContainer, shell, statusOf } from './cri.ts';
import type { GuestContainer } from './cri.ts';
import * as systemd from './systemd.ts';

const MiB = 1024n * 1024n;
const ooms = 6;
/** As a kubelet names a pod's cgroup, and makes it beforehand. */
const kubelets = '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod6f1e_1.slice';

let cri: CriClient;
let limited: GuestContainer;
let asked: Readonly<Record<string, string>>;

const scopeOf = ({ id }: Pick<GuestContainer, 'id'>) => `cricket-${id}.scope`;
const ours = () => systemd.units('cricket-*').filter((name) => /\.(scope|slice)$/.test(name));
const limitsOf = (container: GuestContainer) =>
  Object.fromEntries(
    Object.keys(asked).map((file) => [file, systemd.cgroupFile(systemd.cgroupOf(container.pid), file)]),
  );
const limitsStand = () => eventually(() => expect(limitsOf(limited)).to.deep.equal(asked), 60_000);

async function another(act: (pid: number) => void): Promise<void> {
  const before = systemd.mainPid();
  act(before);
  cri.close();
  cri = await systemd.connected(before);
}

for (const runtime of ['crun', 'runc'])
  describe(`the systemd driver with ${runtime}`, function () {
    this.timeout(120_000);
    // Each builds upon what the one before it left.
    this.bail(true);

    after(async () => {
      if (systemd.mainPid() !== 0) await removePods(cri);
      cri.close();
      expect(await systemd.end('/cricket.slice')).to.deep.equal([]);
    });

    it('is chosen where systemd is the service manager, and told to the kubelet', async () => {
      systemd.startAsUpDoes(`default_runtime = "${runtime}"`);
      cri = await systemd.connected();
      systemd.importDemo();
      const { linux } = await cri.runtime.runtimeConfig({});
      expect(linux?.cgroupDriver).to.equal(CgroupDriver.SYSTEMD);
    });

    it('refuses a parent spelled for the other one', async () => {
      const config = podConfig({ name: 'wrong', cgroupParent: '/kubepods/burstable/pod1' });
      const refused = await cri.runtime.runPodSandbox({ config }).catch((error: unknown) => String(error));
      expect(refused).to.match(/3 INVALID_ARGUMENT: .*spells it kubepods-burstable-pod1\.slice/);
      expect(ours()).to.deep.equal([]);
    });

    it('puts a container into a scope in its pod’s slice, with the limits it asked for', async () => {
      const unified = { 'memory.oom.group': '1', 'memory.high': String(48n * MiB) };
      const cpu = { cpuShares: 512n, cpuQuota: 12_550n, cpuPeriod: 100_000n };
      const resources = { ...cpu, memoryLimitInBytes: 64n * MiB, cpusetCpus: '0', unified };
      limited = await runContainer(cri, { name: 'limited', command: ['sleep', '3600'], resources });
      expect(systemd.cgroupOf(limited.pid)).to.match(
        new RegExp(`^/cricket\\.slice/cricket-pod_[0-9a-f]{4}_${limited.pod}\\.slice/${scopeOf(limited)}$`),
      );
      const memory = { 'memory.max': String(64n * MiB), 'memory.high': String(48n * MiB), 'memory.oom.group': '1' };
      const rest = { 'memory.swap.max': '0', 'cpuset.cpus': '0', 'pids.max': 'max' };
      asked = { ...memory, ...rest, 'cpu.max': '12550 100000', 'cpu.weight': '59' };
      expect(limitsOf(limited)).to.deep.equal(asked);
    });

    it('keeps limits and devices over daemon-reload and daemon-reexec', async () => {
      for (const how of ['daemon-reload', 'daemon-reexec']) {
        systemd.run('systemctl', how);
        await limitsStand();
        expect(await shell(cri, limited.id, 'head -c 3 /dev/zero | wc -c; head -c 1 /dev/mem || echo denied')).to.match(
          /^3\s+denied$/,
        );
      }
    });

    it('keeps changed limits over daemon-reload, also one that came without the daemon', async () => {
      const linux = filled(LinuxContainerResources, { memoryLimitInBytes: 96n * MiB, cpuQuota: 33_300n });
      await cri.runtime.updateContainerResources({ containerId: limited.id, linux });
      asked = { ...asked, 'memory.max': String(96n * MiB), 'cpu.max': '33300 100000' };
      expect(limitsOf(limited)).to.deep.equal(asked);
      systemd.run('systemctl', 'daemon-reload');
      await limitsStand();
      systemd.run('systemctl', 'stop', systemd.unit);
      systemd.run('systemctl', 'daemon-reload');
      expect(limitsOf(limited)['memory.max']).to.equal(String(96n * MiB));
      await another(() => systemd.run('systemctl', 'start', systemd.unit));
      await limitsStand();
      const { resources } = await statusOf(cri, limited.id);
      expect(resources?.linux).to.deep.include({ cpuQuota: 33_300n, memoryLimitInBytes: 96n * MiB, cpuShares: 512n });
    });

    it('puts commands into the scope, and ends all that is in it', async () => {
      expect(await shell(cri, limited.id, 'cat /proc/self/cgroup')).to.match(/^0::\/exec-[0-9a-f]+$/);
      await shell(cri, limited.id, 'sleep 3600 >/dev/null 2>&1 &');
      await cri.runtime.stopContainer({ containerId: limited.id, timeout: 0n });
      await eventually(() => expect(systemd.units(scopeOf(limited))).to.deep.equal([]), 60_000);
    });

    it('takes up its containers after SIGKILL, and one that was killed meanwhile', async () => {
      const command = ['sleep', '3600'];
      const [stays, goes] = [
        await runContainer(cri, { name: 'stays', command }),
        await runContainer(cri, { name: 'goes', command }),
      ];
      const started = startTimeOf(stays.pid);
      await another(() => {
        systemd.run('systemctl', 'kill', '-s', 'SIGKILL', '--kill-who=main', systemd.unit);
        process.kill(goes.pid, 'SIGKILL');
      });
      expect(startTimeOf(stays.pid)).to.equal(started);
      expect(await shell(cri, stays.id, 'echo said')).to.equal('said');
      const { reason, exitCode } = await endOf(cri, goes.id);
      expect({ reason, exitCode }).to.deep.equal({ reason: 'Error', exitCode: 137 });
      await removePods(cri);
    });

    it('gives a shared PID namespace an init in a scope of its own', async () => {
      const command = ['sleep', '3600'];
      const { pid, id } = await runContainer(cri, { name: 'shared', command, sharedPid: true });
      expect(await shell(cri, id, 'cat /proc/1/comm')).to.equal('init');
      expect(systemd.cgroupOf(pid)).to.contain(scopeOf({ id }));
      expect(ours()).to.have.length(3);
      await removePods(cri);
    });

    it('leaves a slice of the kubelet’s to it', async () => {
      const leaf = kubelets.slice(kubelets.lastIndexOf('/') + 1);
      systemd.run('systemctl', 'start', leaf);
      for (const cgroupParent of [kubelets, leaf]) {
        const pod = await runContainer(cri, { name: 'kubelets', command: ['sleep', '3600'], cgroupParent });
        expect(systemd.cgroupOf(pod.pid)).to.equal(`${kubelets}/${scopeOf(pod)}`);
        await removePods(cri);
        expect(systemd.units('kubepods*')).to.include(leaf);
      }
      systemd.run('systemctl', 'stop', leaf);
    });

    it('makes a parent for several pods, and takes it away with the last', async () => {
      const command = ['sleep', '3600'];
      const first = await runContainer(cri, { name: 'first', command, cgroupParent: 'many.slice' });
      const second = await runContainer(cri, { name: 'second', command, cgroupParent: '/many.slice' });
      await cri.runtime.removePodSandbox({ podSandboxId: first.pod });
      expect(systemd.units('many.slice')).to.deep.equal(['many.slice']);
      expect((await statusOf(cri, second.id)).exitCode).to.equal(0);
      await removePods(cri);
      expect(systemd.units('many.slice')).to.deep.equal([]);
    });

    it(`tells ${ooms} containers of ${ooms} that ran out of memory`, async () => {
      const program = 'x=$(head -c 200000000 /dev/zero | tr "\\0" x); echo ${#x}';
      const resources = { memoryLimitInBytes: 16n * MiB };
      const ends: string[] = [];
      for (let round = 0; round < ooms; round++) {
        const command = round % 2 === 0 ? ['sh', '-c', program] : ['sh', '-c', `sh -c '${program}'; exit $?`];
        const { id } = await runContainer(cri, { name: `greedy${round}`, command, resources });
        const { reason, exitCode } = await endOf(cri, id);
        ends.push(`${reason} ${exitCode}`);
        if (round % 10 === 9) await removePods(cri);
      }
      expect(ends).to.deep.equal(Array.from(ends, () => 'OOMKilled 137'));
    });

    it('leaves neither units nor cgroups', async () => {
      await removePods(cri);
      expect(ours()).to.deep.equal([]);
      expect(systemd.run('find', '/sys/fs/cgroup/cricket.slice', '-mindepth', '1', '-type', 'd')).to.equal('');
      expect(systemd.run('systemctl', 'list-units', '--failed', '--plain', '--no-legend')).to.equal('');
    });
  });
