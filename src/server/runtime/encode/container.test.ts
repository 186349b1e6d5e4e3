import { expect } from 'chai';
import { ContainerState, ContainerStatus, PodSandboxState, PodSandboxStatus } from '../../../../api/cri/v1/api.ts';
import { PodSandboxConfig } from '../../../../api/cri/v1/api.ts';
import { containerConfig } from '../../../../hack/lib/cri-messages.ts';
import { newContainerId, newPodId, parseImageId } from '../../../base/ids.ts';
import { silentLogger } from '../../../base/log.ts';
import { stepContainer } from '../../../sandbox/container/state.ts';
import type { ContainerState as State } from '../../../sandbox/container/state.ts';
import { Tracked } from '../../../sandbox/store/tracked.ts';
import type { PodRecord } from '../../../sandbox/pod/record.ts';
import { stepPod } from '../../../sandbox/pod/state.ts';
import type { PodState } from '../../../sandbox/pod/state.ts';
import type { Container } from '../../../sandbox/store/store.ts';
import { parseContainerConfig } from '../parse/container-config.ts';
import { parsePodConfig } from '../parse/pod-config.ts';
import { encodeContainer, encodeContainerStatus } from './container.ts';
import { encodePodStatus } from './pod.ts';

const podConfig = parsePodConfig({
  ...PodSandboxConfig.decode(new Uint8Array()),
  ...{ metadata: { name: 'p', uid: 'u', namespace: 'n', attempt: 2 }, logDirectory: '/logs', labels: { a: 'b' } },
});
const wish = containerConfig({
  ...{ name: 'c', attempt: 4, image: 'busybox', annotations: { note: 'x' }, resources: { cpuShares: 512n } },
  mounts: [{ hostPath: '/a', containerPath: '/b', readonly: true }],
});
const image = {
  image: 'busybox',
  annotations: { k: 'v' },
  userSpecifiedImage: 'bb:1',
  runtimeHandler: 'runc',
  imageRef: '',
};
const config = parseContainerConfig({ ...wish, image }, podConfig);
const record = {
  ...{ id: newContainerId(), podId: newPodId(), config, imageId: parseImageId(`sha256:${'1'.repeat(64)}`) },
  volumeImages: [],
  volumeRefs: {},
  ...{ imageRef: 'busybox@sha256:2', handler: '', createdAt: 10n, cgroup: '/a', stopSignal: 15, bootId: '' },
};
const live = {
  ...{ init: { pid: 1, start: '1' }, monitor: { pid: 2, start: '2' }, resources: config.resources },
  user: { uid: 5, gid: 6, additionalGids: [7, 6] },
};
const tracked = { save: async () => undefined, log: silentLogger() };
const container = (state: State): Container => new Tracked({ record, state, step: stepContainer, ...tracked });
const exited: State = {
  ...{ kind: 'exited', code: 3, reason: 'Error', message: 'm', startedAt: 20n, finishedAt: 30n, released: false },
  ...{ resources: live.resources, user: live.user },
};

describe('the status of a container', () => {
  const states: readonly (readonly [State, ContainerState, bigint, bigint])[] = [
    [{ kind: 'created', ...live }, ContainerState.CONTAINER_CREATED, 0n, 0n],
    [{ kind: 'starting', ...live }, ContainerState.CONTAINER_CREATED, 0n, 0n],
    [{ kind: 'running', ...live, startedAt: 20n }, ContainerState.CONTAINER_RUNNING, 20n, 0n],
    [exited, ContainerState.CONTAINER_EXITED, 20n, 30n],
    [{ kind: 'broken', reason: 'x' }, ContainerState.CONTAINER_UNKNOWN, 0n, 0n],
  ];
  for (const [state, told, startedAt, finishedAt] of states)
    it(`of one that is ${state.kind}`, () => {
      const status = encodeContainerStatus(container(state));
      expect(status).to.include({ state: told, startedAt, finishedAt, createdAt: 10n, id: record.id });
      expect(encodeContainer(container(state)).state).to.equal(told);
    });

  it('echoes the image as it was asked for, and says what it was in fact', () => {
    const status = encodeContainerStatus(container(exited));
    expect(status.image).to.deep.equal(image);
    expect(status).to.include({ imageRef: record.imageRef, imageId: record.imageId, exitCode: 3, reason: 'Error' });
    expect(status.annotations).to.deep.equal({ note: 'x' });
    expect(status.logPath).to.equal('/logs/c_4.log');
    expect(status.resources?.linux?.cpuShares).to.equal(512n);
    expect(status.user?.linux).to.deep.equal({ uid: 5n, gid: 6n, supplementalGroups: [6n, 7n] });
    expect(status.mounts).to.have.length(1);
  });

  it('goes over the wire as it is', () => {
    const status = encodeContainerStatus(container(exited));
    expect(status).to.deep.include(ContainerStatus.decode(ContainerStatus.encode(status).finish()));
  });
});

describe('the status of a sandbox', () => {
  const podRecord: PodRecord = {
    ...{ id: newPodId(), config: podConfig, createdAt: 7n, handler: 'runc', cgroup: '/a', ownsCgroup: true },
    ...{ pins: {}, selinuxLevel: '', bootId: '' },
  };
  const podOf = (state: PodState) =>
    encodePodStatus(new Tracked({ record: podRecord, state, step: stepPod, ...tracked }));

  it('has an address only where there is one', () => {
    const ready = { kind: 'ready', initPid: 0, initStart: '' } as const;
    expect(podOf({ ...ready, ips: ['10.0.0.2', 'fd00::2'] }).network).to.deep.equal({
      ip: '10.0.0.2',
      additionalIps: [{ ip: 'fd00::2' }],
    });
    expect(podOf({ ...ready, ips: [] }).network).to.equal(undefined);
    expect(podOf({ kind: 'stopped' }).network).to.equal(undefined);
  });

  it('is ready only while it can hold containers', () => {
    for (const state of [
      { kind: 'stopping' },
      { kind: 'stopped' },
      { kind: 'broken', reason: '' },
      { kind: 'removing' },
    ])
      expect(podOf(state as PodState).state).to.equal(PodSandboxState.SANDBOX_NOTREADY);
  });

  it('echoes what it was asked for, and goes over the wire as it is', () => {
    const status = podOf({ kind: 'stopped' });
    expect(status.metadata).to.deep.equal({ name: 'p', uid: 'u', namespace: 'n', attempt: 2 });
    expect(status).to.deep.include({ labels: { a: 'b' }, runtimeHandler: 'runc', createdAt: 7n });
    expect(PodSandboxStatus.decode(PodSandboxStatus.encode(status).finish())).to.deep.equal(status);
  });
});
