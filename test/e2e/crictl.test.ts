import { expect } from 'chai';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { startTestRegistry, writeMirrors } from '../fixtures/images/images.ts';
import { eventually, runPod } from '../fixtures/pods.ts';
import { crictlFor } from './crictl/crictl.ts';
import type { Crictl } from './crictl/crictl.ts';
import type { ContainerView, ImageFsView, ImageView, InfoView, PodView, StatsView } from './crictl/views.ts';

const image = 'registry.k8s.io/e2e-test-images/busybox:1.29-2';
const second = 'registry.k8s.io/pause:3.10';
const podLabels = (name: string) => ({
  app: name,
  'io.kubernetes.pod.name': name,
  'io.kubernetes.pod.namespace': 'default',
});

/** One walk, each step on what those before it made, as a person at a node would go. */
describe('crictl', function () {
  this.timeout(60_000);
  const dir = mkdtempSync(join(tmpdir(), 'cricket-crictl-'));
  const scope = new AsyncDisposableStack();
  let cricket: Cricket;
  let crictl: Crictl;
  let pod = '';
  let other = '';
  let container = '';
  let podFile = '';
  let containerFile = '';

  before(async function () {
    this.timeout(600_000);
    scope.defer(() => {
      rmSync(dir, { recursive: true });
    });
    const registry = await startTestRegistry({ configDir: join(dir, 'registry') });
    scope.defer(async () => registry.stop());
    writeMirrors(join(dir, 'certs'), registry);
    cricket = await startCricket({ certsDir: join(dir, 'certs'), demo: false });
    scope.defer(async () => cricket.stop());
    crictl = crictlFor(cricket);
    podFile = crictl.file('pod.json', podConfig('walk', 0));
    containerFile = crictl.file('container.json', {
      metadata: { name: 'main' },
      image: { image },
      command: ['sh', '-c', 'trap "exit 3" TERM; echo to out; echo to err >&2; while :; do sleep 0.1; done'],
      envs: [{ key: 'GREETING', value: 'hello' }],
      labels: { ...podLabels('walk'), role: 'main' },
      log_path: 'main.log',
      linux: { resources: { memory_limit_in_bytes: 33_554_432 } },
    });
  });
  after(async () => scope.disposeAsync());

  const podConfig = (name: string, attempt: number) => ({
    metadata: { name, namespace: 'default', uid: `uid-${name}`, attempt },
    log_directory: join(cricket.logs, name),
    labels: podLabels(name),
    linux: {},
  });
  const inspect = async () => crictl.json<ContainerView>('inspect', container);

  it('version, info, runtime-config', async () => {
    expect(await crictl.ok('version')).to.match(
      /RuntimeName: +cricket\nRuntimeVersion: +0\.1\.0\nRuntimeApiVersion: +v1/,
    );
    const info = await crictl.json<InfoView>('info');
    expect(info.status.conditions.map(({ type, status }) => [type, status])).to.deep.equal([
      ['RuntimeReady', true],
      ['NetworkReady', true],
    ]);
    expect(info.runtimeHandlers.map(({ name = '' }) => name)).to.include.members(['', 'crun', 'runc']);
    expect(await crictl.ok('runtime-config')).to.match(/cgroup driver: +CGROUPFS/);
  });

  it('pull, images, inspecti, imagefsinfo', async () => {
    expect(await crictl.ok('pull', image)).to.match(/^Image is up to date for sha256:[0-9a-f]{64}/);
    await crictl.ok('pull', second);
    const { status } = await crictl.json<ImageView>('inspecti', image);
    expect(await crictl.words('images', '-q'))
      .to.include(status.id)
      .and.to.have.length(2);
    expect(await crictl.words('images', '-q', image)).to.deep.equal([status.id]);
    expect(await crictl.ok('images', '--digests')).to.match(/busybox +1\.29-2 +[0-9a-f]{13} +[0-9a-f]{13} +2\.3\dMB/);
    expect(status.repoTags).to.deep.equal([image]);
    expect(status.repoDigests[0]).to.match(/^registry\.k8s\.io\/e2e-test-images\/busybox@sha256:/);
    expect((await crictl.json<ImageView>('inspecti', status.id.slice(7, 20))).status.id).to.equal(status.id);
    const { imageFilesystems, containerFilesystems } = (await crictl.json<ImageFsView>('imagefsinfo')).status;
    for (const [filesystem] of [imageFilesystems, containerFilesystems]) {
      expect(statSync(filesystem?.fsId.mountpoint ?? '').isDirectory()).to.equal(true);
      expect(Number(filesystem?.usedBytes.value)).to.be.greaterThan(1_000_000);
      expect(Number(filesystem?.inodesUsed.value)).to.be.greaterThan(1);
    }
    expect(await crictl.refused('inspecti', 'nosuch:1')).to.include('no such image');
    expect(await crictl.refused('pull', 'registry.k8s.io/nosuch:1')).to.match(
      /NotFound.*no such image; check its name/,
    );
  });

  it('runp, pods, inspectp', async () => {
    [pod = ''] = await crictl.words('runp', podFile);
    expect(await crictl.words('runp', podFile), 'a retry').to.deep.equal([pod]);
    [other = ''] = await crictl.words('runp', crictl.file('other.json', podConfig('other', 1)));
    expect(await crictl.words('pods', '-q')).to.have.members([pod, other]);
    const only = async (...args: readonly string[]) => {
      expect(await crictl.words('pods', '-q', ...args), args.join(' ')).to.deep.equal([pod]);
    };
    await only('--label', 'app=walk');
    await only('--name', 'wal');
    await only('--id', pod.slice(0, 13));
    await only('--label', 'app=walk', '--state', 'Ready', '--namespace', 'default');
    expect(await crictl.words('pods', '-q', '--state', 'NotReady')).to.deep.equal([]);
    const { status, info } = await crictl.json<PodView>('inspectp', pod.slice(0, 13));
    expect(status).to.deep.include({ id: pod, state: 'SANDBOX_READY', labels: podLabels('walk') });
    expect(status.network.ip).to.match(/^10\.\d+\.\d+\.\d+$/);
    expect(status.linux.namespaces.options).to.include({ network: 'POD', ipc: 'POD' });
    expect(info.cgroup).to.equal(cricket.podCgroup(pod));
    expect(info).to.include.keys('config', 'pid', 'runtimeSpec');
  });

  it('create, start, ps, inspect', async () => {
    [container = ''] = await crictl.words('create', pod.slice(0, 13), containerFile, podFile);
    expect(await crictl.words('ps', '-q')).to.deep.equal([]);
    expect(await crictl.ok('ps', '-a')).to.match(/ Created +main +0 +[0-9a-f]{13} +walk +default/);
    expect(await crictl.words('start', container.slice(0, 13))).to.deep.equal([container.slice(0, 13)]);
    const filters = [
      ['--label', 'role=main'],
      ['--pod', pod.slice(0, 13)],
      ['--name', 'mai'],
      ['--image', image],
    ];
    for (const filter of [...filters, ['--state', 'Running'], ['--id', container.slice(0, 9)]])
      expect(await crictl.words('ps', '-q', ...filter), filter.join(' ')).to.deep.equal([container]);
    expect(await crictl.words('ps', '-q', '--pod', other)).to.deep.equal([]);
    const { status, info } = await inspect();
    expect(status).to.include({
      id: container,
      state: 'CONTAINER_RUNNING',
      logPath: join(cricket.logs, 'walk/main.log'),
    });
    expect([`sha256:${status.imageId.slice(7)}`]).to.deep.equal(await crictl.words('images', '-q', image));
    expect(status.imageRef).to.match(/busybox@sha256:/);
    expect(info.sandboxID).to.equal(pod);
    expect(() => process.kill(info.pid, 0)).not.to.throw();
    expect(info.runtimeSpec.process.args[0]).to.equal('sh');
    const again = await crictl.refused('create', pod, containerFile, podFile);
    expect(again).to.match(/AlreadyExists.*remove it, or raise the attempt/);
  });

  it('exec -s', async () => {
    expect(await crictl.ok('exec', '-s', container, 'sh', '-c', 'echo $GREETING; id -u')).to.match(/^hello\n0\s*$/);
    expect(await crictl.refused('exec', '-s', container, 'sh', '-c', 'echo no >&2; exit 3')).to.include(
      'exited with 3: no',
    );
    expect(await crictl.refused('exec', '-s', '--timeout', '1', container, 'sleep', '9')).to.include(
      'timed out after 1s',
    );
    expect(await crictl.refused('exec', '-s', container, 'nosuch')).to.match(/`nosuch` not found in \$PATH/);
  });

  it('logs, also followed and reopened', async () => {
    expect(await crictl.ok('logs', container)).to.equal('to out');
    expect((await crictl.run('logs', container)).err).to.equal('to err\n');
    expect((await crictl.run('logs', '--tail', '1', '-t', container)).err).to.match(/^[-\dT:.]{29,}Z to err\n$/);
    expect(await crictl.ok('logs', '-s', 'stderr', container)).to.equal('');
    const followed = crictl.run('logs', '-f', container);
    await new Promise((resolve) => setTimeout(resolve, 1000)); // a late follower would miss what came before
    expect((await crictl.run('logs', '-r', container)).err).to.include('reopened');
    await crictl.ok('exec', '-s', container, 'sh', '-c', 'echo later > /proc/1/fd/1');
    await eventually(async () => {
      expect(await crictl.ok('logs', '--tail', '1', container)).to.equal('later');
    });
    await crictl.ok('stop', '--timeout', '5', container);
    expect((await followed).out).to.equal('to out\nlater\n');
    expect((await inspect()).status).to.include({ state: 'CONTAINER_EXITED', exitCode: 3, reason: 'Error' });
    await crictl.ok('rm', container);
    [container = ''] = await crictl.words('create', pod, containerFile, podFile);
    await crictl.ok('start', container);
  });

  it('stats, update', async () => {
    expect(await crictl.ok('stats')).to.match(new RegExp(`${container.slice(0, 13)} +main +\\d+\\.\\d\\d +\\d`));
    const { stats } = await crictl.json<StatsView>('stats', '-o', 'json', container.slice(0, 13));
    expect(stats.map(({ attributes }) => attributes.id)).to.deep.equal([container]);
    expect(Number(stats[0]?.cpu.usageCoreNanoSeconds.value)).to.be.greaterThan(0);
    expect(Number(stats[0]?.memory.workingSetBytes.value)).to.be.within(1, 33_554_432);
    expect(statSync(stats[0]?.writableLayer.fsId.mountpoint ?? '').isDirectory()).to.equal(true);
    await crictl.ok('update', '--memory', '67108864', '--cpu-share', '512', container);
    expect((await inspect()).status.resources.linux).to.include({ memoryLimitInBytes: '67108864', cpuShares: '512' });
    expect(await crictl.refused('update', '--memory', '4096', container)).to.match(/memory/);
  });

  it('names what is not there yet', async () => {
    const missing: readonly (readonly [string, ...string[]])[] = [
      ['CheckpointContainer', 'checkpoint', '--export', join(dir, 'none.tar'), container],
    ];
    for (const [rpc, ...args] of missing)
      expect(await crictl.refused(...args)).to.include(`Unimplemented desc = ${rpc}: this version of cricket does not`);
  });

  it('refuses an id that is none, and one that means several', async () => {
    for (const args of [['start'], ['inspect'], ['exec', '-s'], ['update', '--cpu-share', '2'], ['logs']])
      expect(await crictl.refused(...args, 'ffffffffffffff', ...(args.includes('-s') ? ['true'] : []))).to.match(
        /not found/i,
      );
    const ids = [pod, other];
    const twins = () => ids.find((id, i) => ids.findIndex(([digit]) => digit === id[0]) !== i);
    for (let i = 0; twins() === undefined; i++) ids.push((await runPod(cricket, { name: `twin-${i}` })).id);
    const prefix = twins()?.[0] ?? '';
    for (const command of ['inspectp', 'stopp', 'rmp'])
      expect(await crictl.refused(command, prefix), command).to.match(/InvalidArgument.*pod sandbox/);
  });

  it('stop, rm, stopp, rmp, run, rmp -f -a, rmi', async () => {
    await crictl.ok('stop', '--timeout', '5', container);
    await crictl.ok('stop', container);
    expect((await inspect()).status).to.include({ state: 'CONTAINER_EXITED', exitCode: 3 });
    expect(await crictl.words('ps', '-aq', '--state', 'Exited')).to.deep.equal([container]);
    await crictl.ok('rm', container);
    expect(await crictl.refused('inspect', container)).to.include('NotFound');
    await crictl.ok('stopp', pod.slice(0, 13));
    await crictl.ok('stopp', pod);
    expect(await crictl.words('pods', '-q', '--state', 'NotReady')).to.deep.equal([pod]);
    expect(await crictl.refused('create', pod, containerFile, podFile)).to.match(/FailedPrecondition.*make a new one/);
    await crictl.ok('rmp', pod);
    expect(await crictl.refused('inspectp', pod)).to.include('NotFound');
    [container = ''] = await crictl.words('run', containerFile, podFile);
    expect((await inspect()).status.state).to.equal('CONTAINER_RUNNING');
    expect(await crictl.refused('rmi', image)).to.match(/used by container [0-9a-f]+; remove the container first/);
    await crictl.ok('rmp', '-f', '-a');
    expect(await crictl.words('pods', '-q')).to.deep.equal([]);
    expect(await crictl.words('ps', '-aq')).to.deep.equal([]);
    await crictl.ok('rmi', second);
    await crictl.ok('rmi', '-a');
    expect(await crictl.words('images', '-q')).to.deep.equal([]);
    expect(await cricket.left()).to.deep.equal([]);
  });
});
