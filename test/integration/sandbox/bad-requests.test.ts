import { expect } from 'chai';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ContainerConfig,
  ContainerMetadata,
  ContainerState,
  ImageSpec,
  LinuxPodSandboxConfig,
  LinuxSandboxSecurityContext,
  Mount,
  NamespaceMode,
  NamespaceOption,
  PodSandboxConfig,
  PodSandboxMetadata,
  PortMapping,
  WindowsPodSandboxConfig,
} from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { containerStatus, containerWith, createContainer, podWith, runPod } from '../../fixtures/pods.ts';
import type { TestPod, TestWish } from '../../fixtures/pods.ts';
import { fails } from './lab.ts';

const unknownMode = 9 as NamespaceMode;
const withNamespaces = (options: Partial<NamespaceOption>) =>
  filled(LinuxPodSandboxConfig, {
    securityContext: filled(LinuxSandboxSecurityContext, { namespaceOptions: filled(NamespaceOption, options) }),
  });
const metadata = (given: Partial<PodSandboxMetadata>) => ({
  metadata: filled(PodSandboxMetadata, { name: 'x', ...given }),
});

/** What is wrong, the change to a good configuration, the code, and what the message names. */
const badPods: readonly (readonly [string, Partial<PodSandboxConfig>, Parameters<typeof fails>[1], string])[] = [
  ['no metadata', { metadata: undefined }, 'INVALID_ARGUMENT', 'config.metadata is missing'],
  ['no name', metadata({ name: '' }), 'INVALID_ARGUMENT', 'config.metadata.name is empty'],
  ['an oversized name', metadata({ name: 'n'.repeat(2000) }), 'INVALID_ARGUMENT', 'at most 1024'],
  ['a NUL in its uid', metadata({ uid: 'a\0b' }), 'INVALID_ARGUMENT', 'NUL'],
  ['a host name that is none', { hostname: '-a-' }, 'INVALID_ARGUMENT', 'config.hostname'],
  ['an oversized host name', { hostname: 'h'.repeat(65) }, 'INVALID_ARGUMENT', 'at most 64'],
  ['a host name with a newline', { hostname: 'a\n127.0.0.1 evil' }, 'INVALID_ARGUMENT', 'config.hostname'],
  ['a relative log directory', { logDirectory: 'logs' }, 'INVALID_ARGUMENT', 'not an absolute path'],
  [
    'a name server that would write more lines',
    { dnsConfig: { servers: ['1.1.1.1\noptions x'], searches: [], options: [] } },
    'INVALID_ARGUMENT',
    'white space',
  ],
  ['an unknown network mode', { linux: withNamespaces({ network: unknownMode }) }, 'INVALID_ARGUMENT', 'network is 9'],
  ['an unknown ipc mode', { linux: withNamespaces({ ipc: unknownMode }) }, 'INVALID_ARGUMENT', 'ipc is 9'],
  ['an unknown pid mode', { linux: withNamespaces({ pid: unknownMode }) }, 'INVALID_ARGUMENT', 'pid is 9'],
  [
    'a network of a container',
    { linux: withNamespaces({ network: NamespaceMode.CONTAINER }) },
    'INVALID_ARGUMENT',
    'network is 1',
  ],
  [
    'a port that is none',
    { portMappings: [filled(PortMapping, { containerPort: 70_000 })] },
    'INVALID_ARGUMENT',
    '0 to 65535',
  ],
  ['a part for windows', { windows: filled(WindowsPodSandboxConfig, {}) }, 'UNIMPLEMENTED', 'config.windows'],
  ['a label without a key', { labels: { '': 'x' } }, 'INVALID_ARGUMENT', 'config.labels'],
  ['an oversized annotation', { annotations: { a: 'x'.repeat(2 << 20) } }, 'INVALID_ARGUMENT', 'annotations a'],
];

const badContainers: readonly (readonly [string, Partial<ContainerConfig>, Parameters<typeof fails>[1], string])[] = [
  ['no metadata', { metadata: undefined }, 'INVALID_ARGUMENT', 'config.metadata is missing'],
  ['no name', { metadata: filled(ContainerMetadata, {}) }, 'INVALID_ARGUMENT', 'config.metadata.name is empty'],
  ['no image', { image: undefined }, 'INVALID_ARGUMENT', 'config.image is missing'],
  ['an empty image', { image: filled(ImageSpec, {}) }, 'INVALID_ARGUMENT', 'config.image.image is empty'],
  [
    'an image that is not here',
    { image: filled(ImageSpec, { image: 'registry.example/none:1' }) },
    'NOT_FOUND',
    'pull it first',
  ],
  ['a malformed image', { image: filled(ImageSpec, { image: '::/' }) }, 'INVALID_ARGUMENT', '::/'],
  ['a NUL in an argument', { args: ['a\0b'] }, 'INVALID_ARGUMENT', 'NUL'],
  ['a log path out of its directory', { logPath: '../../etc/x.log' }, 'INVALID_ARGUMENT', 'leaves the log directory'],
  ['a log path that is a directory', { logPath: 'folder' }, 'INVALID_ARGUMENT', 'it is a directory'],
  ['a log path below a file', { logPath: 'file/x.log' }, 'INVALID_ARGUMENT', 'log path'],
  ['an unknown stop signal', { stopSignal: 4242 as never }, 'INVALID_ARGUMENT', 'stop_signal is 4242'],
  [
    'an image volume',
    { mounts: [filled(Mount, { containerPath: '/m', image: filled(ImageSpec, { image: 'x' }) })] },
    'FAILED_PRECONDITION',
    'ImageVolumeMountFailed: image "x" is not here',
  ],
  [
    'an image volume with a host path',
    { mounts: [filled(Mount, { hostPath: '/a', containerPath: '/m', image: filled(ImageSpec, { image: 'x' }) })] },
    'INVALID_ARGUMENT',
    'give one',
  ],
  [
    'a sub path of no image',
    { mounts: [filled(Mount, { hostPath: '/a', containerPath: '/m', imageSubPath: 'x' })] },
    'INVALID_ARGUMENT',
    'image_sub_path needs an image',
  ],
  [
    'a CDI device that is not there',
    { CDIDevices: [{ name: 'vendor/class=x' }] },
    'FAILED_PRECONDITION',
    'vendor/class=x is not in',
  ],
];

/** What is told when such a container is started: a kubelet tries a creation that fails for ever, and a start by its pod's policy. */
const unstartable: readonly (readonly [string, Partial<ContainerConfig>, string])[] = [
  ['a command not found', { command: ['no-such-program'] }, 'no-such-program'],
  ['a path not found', { command: ['/no/such/program'] }, '/no/such/program'],
  ['a command that is no program', { command: ['/etc/passwd'] }, 'its user may execute'],
  ['a directory as its command', { command: ['/etc'] }, 'its user may execute'],
  ['an empty command', { command: [''] }, 'command'],
  ['a working directory that is a file', { workingDir: '/etc/passwd' }, 'working directory'],
];

describe('a request that cannot be met', () => {
  let cricket: Cricket;
  let pod: TestPod;
  before(async () => {
    cricket = await startCricket();
    pod = await runPod(cricket, { name: 'good' });
    mkdirSync(join(pod.config.logDirectory, 'folder'));
    writeFileSync(join(pod.config.logDirectory, 'file'), '');
  });
  after(async () => cricket.stop());

  const runConfig = async (config: PodSandboxConfig | undefined, runtimeHandler = '') =>
    cricket.client.runtime.runPodSandbox({ config, runtimeHandler });
  const createConfig = async (config: ContainerConfig | undefined) =>
    cricket.client.runtime.createContainer({ podSandboxId: pod.id, config, sandboxConfig: pod.config });
  async function objects(): Promise<readonly string[]> {
    const { items } = await cricket.client.runtime.listPodSandbox();
    const { containers } = await cricket.client.runtime.listContainers();
    return [...items, ...containers].map(({ id }) => id);
  }

  describe('for a sandbox', () => {
    afterEach(async () => expect(await objects()).to.deep.equal([pod.id]));
    for (const [what, change, code, said] of badPods)
      it(`has ${what}: ${code}`, async () => {
        await fails(runConfig({ ...podWith(cricket, { name: 'bad' }), ...change }), code, said);
      });

    it('has no configuration at all', async () => {
      await fails(runConfig(undefined), 'INVALID_ARGUMENT', 'config is missing');
      await fails(runConfig(filled(PodSandboxConfig)), 'INVALID_ARGUMENT', 'config.metadata is missing');
    });

    it('names a runtime that is not configured', async () => {
      const message = await fails(runConfig(podWith(cricket, { name: 'bad' }), 'gvisor'), 'INVALID_ARGUMENT', 'gvisor');
      expect(message).to.contain('[runtimes.gvisor]');
    });

    it('is larger than a message may be', async () => {
      const labels = Object.fromEntries(Array.from({ length: 20 }, (_v, i) => [`l${i}`, 'x'.repeat(1 << 20)]));
      await fails(runConfig(podWith(cricket, { name: 'bad', labels })), 'RESOURCE_EXHAUSTED', '');
    });
  });

  describe('for a container', () => {
    afterEach(async () => expect(await objects()).to.deep.equal([pod.id]));
    for (const [what, change, code, said] of badContainers)
      it(`has ${what}: ${code}`, async () => {
        const message = await fails(createConfig({ ...containerWith({ name: 'bad' }), ...change }), code, said);
        expect(message.length).to.be.below(500);
      });

    it('has no configuration at all', async () => {
      await fails(createConfig(undefined), 'INVALID_ARGUMENT', 'config is missing');
      await fails(createConfig(filled(ContainerConfig)), 'INVALID_ARGUMENT', 'config.metadata is missing');
    });

    it('names a sandbox that is not there', async () => {
      const config = containerWith({ name: 'bad' });
      for (const podSandboxId of ['0'.repeat(64), 'not an id', '../../etc'])
        await fails(cricket.client.runtime.createContainer({ podSandboxId, config }), 'NOT_FOUND', 'not found');
      await fails(cricket.client.runtime.createContainer({ config }), 'INVALID_ARGUMENT', 'id is empty');
    });

    for (const [what, change, said] of unstartable)
      it(`has ${what}: it has ended, by StartError, and its start says why`, async () => {
        const { containerId } = await createConfig({ ...containerWith({ name: 'bad' }), ...change });
        const [, only] = await objects();
        expect(only).to.equal(containerId);
        const first = await fails(cricket.client.runtime.startContainer({ containerId }), 'FAILED_PRECONDITION', said);
        expect(first.length).to.be.below(500);
        expect(
          await fails(cricket.client.runtime.startContainer({ containerId }), 'FAILED_PRECONDITION', said),
        ).to.equal(first);
        const told = await containerStatus(cricket, containerId);
        const { CONTAINER_EXITED: state } = ContainerState;
        expect(told).to.include({ state, exitCode: 128, reason: 'StartError', startedAt: 0n });
        expect(first).to.contain(told.message).and.not.contain(containerId.slice(0, 13));
        expect(told.finishedAt >= told.createdAt).to.equal(true);
        await cricket.restart();
        expect(await containerStatus(cricket, containerId)).to.deep.equal(told);
        await cricket.client.runtime.stopContainer({ containerId, timeout: 2n });
        await cricket.client.runtime.removeContainer({ containerId });
      });

    it('leaves nothing of it behind, and the name is free', async () => {
      const bad: TestWish = { name: 'again', logPath: 'folder' };
      await fails(createContainer(cricket, pod, bad), 'INVALID_ARGUMENT', 'it is a directory');
      const { id } = await createContainer(cricket, pod, { name: 'again' });
      await cricket.client.runtime.removeContainer({ containerId: id });
    });
  });

  describe('of whatever kind', () => {
    it('leaves nothing behind', async () => {
      rmSync(pod.config.logDirectory, { recursive: true });
      await cricket.removePods();
      expect(await cricket.left()).to.deep.equal([]);
    });
  });
});
