import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { ContainerState } from '../../api/cri/v1/api.ts';
import { filled } from '../../hack/lib/cri-client.ts';
import type { CriClient } from '../../hack/lib/cri-client.ts';
import { LinuxContainerResources } from '../../api/cri/v1/api.ts';
import { startTimeOf } from '../../src/linux/pidfd.ts';
import { eventually } from '../fixtures/pods.ts';
import { countingCommand, expectComplete } from '../integration/recovery/neighbour.ts';
import { cgroups, processes } from '../leftovers/kernel.ts';
import { endOf, runContainer, shell, statusOf } from './cri.ts';
import type { GuestContainer } from './cri.ts';
import * as systemd from './systemd.ts';

const MiB = 1024n * 1024n;
const serviceGroup = `/system.slice/${systemd.unit}`;
const kubeletParent = '/kubepods/burstable/pod6f1e';

let cri: CriClient;
let counter: GuestContainer;
let limited: GuestContainer;
let started: string | undefined;

/** Both containers are the processes they were, the log has each line once, exec works. */
async function expectUndisturbed(): Promise<void> {
  expect(startTimeOf(counter.pid)).to.equal(started);
  const before = expectComplete(counter);
  await eventually(() => expect(expectComplete(counter)).to.be.greaterThan(before), 20_000);
  for (const { id } of [counter, limited])
    expect((await statusOf(cri, id)).state).to.equal(ContainerState.CONTAINER_RUNNING);
  expect(await shell(cri, counter.id, 'echo said')).to.equal('said');
}

/** Ends the daemon by `act` and waits for the one that follows. */
async function another(act: (pid: number) => void): Promise<void> {
  const before = systemd.mainPid();
  act(before);
  cri.close();
  cri = await systemd.connected(before);
}

const monitors = () => processes().filter(({ command }) => /^\S*conmon /.test(command));

describe('the service under systemd', function () {
  this.timeout(120_000);
  // Each builds upon what the one before it left.
  this.bail(true);

  it('is installed and ready as hack/up does it', async () => {
    systemd.startAsUpDoes('cgroup.driver = "cgroupfs"');
    cri = await systemd.connected();
    systemd.importDemo();
    expect(systemd.shown('Type', 'KillMode', 'Delegate', 'OOMPolicy', 'OOMScoreAdjust', 'StatusText')).to.deep.equal({
      Type: 'notify',
      KillMode: 'process',
      Delegate: 'yes',
      OOMPolicy: 'continue',
      OOMScoreAdjust: '-999',
      StatusText: 'serving /run/cricket/cricket.sock',
    });
    expect(readFileSync(`/proc/${systemd.mainPid()}/oom_score_adj`, 'utf8')).to.equal('-999\n');
  });

  it('gives containers their limits below its own parent and the one of a kubelet', async () => {
    counter = await runContainer(cri, { name: 'counter', command: countingCommand });
    started = startTimeOf(counter.pid);
    const resources = { cpuShares: 512n, cpuQuota: 50_000n, cpuPeriod: 100_000n, memoryLimitInBytes: 64n * MiB };
    const command = ['sleep', '3600'];
    limited = await runContainer(cri, { name: 'limited', cgroupParent: kubeletParent, command, resources });
    expect(systemd.cgroupOf(counter.pid)).to.match(/^\/cricket\/pod[^/]+\/[0-9a-f]{64}/);
    const group = `${kubeletParent}/${limited.id}`;
    expect(systemd.cgroupOf(limited.pid)).to.match(new RegExp(`^${group}`));
    expect(systemd.cgroupFile(group, 'memory.max')).to.equal(String(64n * MiB));
    expect(systemd.cgroupFile(group, 'cpu.max')).to.equal('50000 100000');
    expect(systemd.cgroupFile(group, 'cpu.weight')).to.equal('59');
    const linux = filled(LinuxContainerResources, { memoryLimitInBytes: 96n * MiB });
    await cri.runtime.updateContainerResources({ containerId: limited.id, linux });
    expect(systemd.cgroupFile(group, 'memory.max')).to.equal(String(96n * MiB));
    const { stats } = await cri.runtime.containerStats({ containerId: limited.id });
    expect(Number(stats?.memory?.workingSetBytes?.value)).to.be.within(1, Number(96n * MiB));
  });

  it('keeps its monitors in its own cgroup, which passes no controller on', async () => {
    const groups = monitors().map(({ pid }) => systemd.cgroupOf(pid));
    expect(groups).to.deep.equal([serviceGroup, serviceGroup]);
    expect(systemd.cgroupFile(serviceGroup, 'cgroup.subtree_control')).to.equal('');
    expect(systemd.cgroupOf(systemd.mainPid())).to.equal(serviceGroup);
    await shell(cri, limited.id, 'true');
  });

  it('restarts without its containers', async () => {
    await another(() => systemd.run('systemctl', 'restart', systemd.unit));
    await expectUndisturbed();
  });

  it('is restarted after SIGKILL to it, without its containers', async () => {
    await another(() => systemd.run('systemctl', 'kill', '-s', 'SIGKILL', '--kill-who=main', systemd.unit));
    await expectUndisturbed();
  });

  it('is restarted by the watchdog when it hangs, without its containers', async () => {
    await another((pid) => process.kill(pid, 'SIGSTOP'));
    expect(systemd.managerSaid()).to.match(/Watchdog timeout/);
    await expectUndisturbed();
  });

  it('stops without its containers, and a later start takes them up again', async () => {
    systemd.run('systemctl', 'stop', systemd.unit);
    expect(systemd.shown('ActiveState', 'Result')).to.deep.equal({ ActiveState: 'inactive', Result: 'success' });
    expect(startTimeOf(counter.pid)).to.equal(started);
    const before = expectComplete(counter);
    await eventually(() => expect(expectComplete(counter)).to.be.greaterThan(before), 20_000);
    await another(() => systemd.run('systemctl', 'start', systemd.unit));
    await expectUndisturbed();
  });

  it('outlives a container that runs out of memory', async () => {
    const pid = systemd.mainPid();
    const command = ['sh', '-c', 'x=$(head -c 200000000 /dev/zero | tr "\\0" x); echo ${#x}'];
    const resources = { memoryLimitInBytes: 32n * MiB };
    const greedy = await runContainer(cri, { name: 'greedy', command, resources, cgroupParent: kubeletParent });
    const { reason, exitCode } = await endOf(cri, greedy.id);
    expect({ reason, exitCode }).to.deep.equal({ reason: 'OOMKilled', exitCode: 137 });
    expect(systemd.mainPid()).to.equal(pid);
    await expectUndisturbed();
  });

  it('tells of the loss when its whole cgroup is killed, monitors too', async () => {
    await another(() => systemd.run('systemctl', 'kill', '-s', 'SIGKILL', '--kill-who=all', systemd.unit));
    const { reason, exitCode } = await endOf(cri, limited.id);
    expect({ reason, exitCode }).to.deep.equal({ reason: 'MonitorLost', exitCode: 137 });
    expect(startTimeOf(counter.pid)).not.to.equal(started);
  });

  it('leaves nothing behind', async () => {
    const { items } = await cri.runtime.listPodSandbox();
    for (const { id } of items) {
      await cri.runtime.stopPodSandbox({ podSandboxId: id });
      await cri.runtime.removePodSandbox({ podSandboxId: id });
    }
    expect(cgroups('kubepods').filter((group) => group.startsWith(`${kubeletParent}/`))).to.deep.equal([]);
    cri.close();
    expect(await systemd.end(systemd.settings.cgroup)).to.deep.equal([]);
    expect(monitors()).to.deep.equal([]);
    console.log(systemd.managerSaid());
  });
});
