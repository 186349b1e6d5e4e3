import { expect } from 'chai';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newContainerId, newInstanceId, newPodId, parseImageId } from '../../base/ids.ts';
import { silentLogger } from '../../base/log.ts';
import { writeRecordNow } from '../../base/plain-file.ts';
import type { ContainerRecord } from '../container/record.ts';
import type { PodConfig, PodRecord } from '../pod/record.ts';
import { noPodResources } from '../pod/resources-schema.ts';
import { loadStore } from './load.ts';
import { createPaths } from './paths.ts';
import { createStore } from './store.ts';
import type { Pod, Store } from './store.ts';

const instance = newInstanceId();
const podConfig: PodConfig = {
  ...{ name: 'a', uid: '', namespace: '', attempt: 0, hostname: '', logDirectory: '', dns: null, labels: { a: 'b' } },
  ...{
    annotations: {},
    cgroupParent: '',
    network: 'pod',
    ipc: 'pod',
    pid: 'container',
    users: null,
    ports: [],
    sysctls: {},
    privileged: false,
    limits: noPodResources,
    selinux: null,
  },
};
const podRecord = (): PodRecord => ({
  ...{ id: newPodId(), config: podConfig, handler: '', createdAt: 2n ** 62n, cgroup: '/a', ownsCgroup: true },
  ...{ pins: { net: '/run/netns/x' }, selinuxLevel: '', bootId: 'boot' },
});

const containerOf = (pod: PodRecord): ContainerRecord => ({
  ...{
    id: newContainerId(),
    podId: pod.id,
    imageId: parseImageId(`sha256:${'1'.repeat(64)}`),
    imageRef: 'x',
    volumeImages: [],
    volumeRefs: {},
  },
  ...{ handler: '', createdAt: 5n, cgroup: '/a/b', stopSignal: 15, bootId: 'boot' },
  config: {
    ...{ name: 'c', attempt: 0, image: 'x', userSpecifiedImage: '', imageHandler: '', imageAnnotations: {} },
    ...{ command: ['sh'], args: [], workingDir: '', env: ['A=secret'], mounts: [], devices: [], labels: {} },
    ...{ cdiDevices: [], annotations: {}, logPath: '', stdin: false, stdinOnce: false, tty: false, stopSignal: '' },
    resources: {
      ...{ cpuShares: 2, cpuQuota: 0, cpuPeriod: 0, memoryLimitBytes: 2 ** 40, memorySwapLimitBytes: 0 },
      ...{ cpusetCpus: '', cpusetMems: '', oomScoreAdj: 0, pidsLimit: 0, hugepages: [], unified: {} },
    },
    ...{ privileged: false, capabilities: { add: [], drop: ['ALL'], addAmbient: [] }, pid: 'container', targetId: '' },
    user: { uid: 5, gid: null, username: '', supplementalGroups: [7], mergeImageGroups: true },
    ...{ readonlyRootfs: false, noNewPrivs: true, maskedPaths: [], readonlyPaths: [], selinux: null },
    seccomp: { kind: 'runtime-default', reference: '' },
    apparmor: { kind: 'unconfined', reference: '' },
  },
});

describe('the store', () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'cricket-store-'))));
  afterEach(() => rmSync(root, { recursive: true }));

  /** As a daemon that starts on what is on the disk. */
  async function open() {
    const paths = createPaths(root, join(root, 'state'), instance);
    const store = await createStore(paths, silentLogger());
    const empty = await loadStore(store, paths, { bootId: 'boot', log: silentLogger() });
    return { paths, store, empty };
  }

  /** As the Worker does it that makes pods. */
  function addPod(store: Store, record: PodRecord): Pod {
    const { pod, intent } = store.beginPod(record);
    writeRecordNow(intent);
    return pod;
  }

  it('knows after a restart what it was told before, in the state it was in', async () => {
    const { store } = await open();
    const [intent, ready, stopped] = [podRecord(), podRecord(), podRecord()];
    addPod(store, intent);
    await addPod(store, ready).change({ kind: 'made', ips: ['10.0.0.2'] });
    const third = addPod(store, stopped);
    await third.change({ kind: 'made', ips: [] });
    await third.note({ kind: 'stopped' });
    const again = (await open()).store;
    expect([...again.pods.keys()]).to.have.members([intent.id, ready.id, stopped.id]);
    expect(again.pods.get(ready.id)?.record).to.deep.equal(ready);
    const states = [intent, ready, stopped].map(({ id }) => again.pods.get(id)?.state.kind);
    expect(states).to.deep.equal(['creating', 'ready', 'stopped']);
  });

  it('forgets what was dropped, with its files', async () => {
    const { store, paths } = await open();
    const record = podRecord();
    addPod(store, record);
    await store.dropPod(record.id);
    expect(readdirSync(paths.podRecords)).to.deep.equal([]);
    expect((await open()).store.pods.size).to.equal(0);
  });

  it('lets nobody but root read what it keeps', async () => {
    const { store, paths } = await open();
    const record = podRecord();
    addPod(store, record);
    const at = paths.pod(record.id);
    expect([paths.podRecords, at.directory, at.record].map((path) => statSync(path).mode & 0o077)).to.deep.equal([
      0, 0, 0,
    ]);
  });

  it('shows what it cannot read, and takes it for nobody’s', async () => {
    const { paths } = await open();
    const damaged = newPodId();
    const lost = newContainerId();
    const newer = newPodId();
    for (const path of [paths.pod(damaged).directory, paths.pod(newer).directory, paths.container(lost).directory])
      mkdirSync(path);
    writeFileSync(paths.pod(damaged).record, '{"kind":"pod","ver');
    writeFileSync(paths.pod(newer).record, '{"kind":"pod","version":99,"data":{}}');
    writeFileSync(paths.container(lost).state, '{}');
    const { store, empty } = await open();
    expect([...store.unreadable.keys()]).to.have.members([damaged, newer, lost]);
    expect(store.unreadable.get(newer)?.reason).to.contain('version 99');
    expect(store.unreadable.get(lost)).to.include({ kind: 'container' });
    expect([store.pods.size, store.containers.size, empty]).to.deep.equal([0, 0, []]);
  });

  it('takes a state without a byte for none where a power cut was between, and for damage where none was', async () => {
    const { store, paths } = await open();
    const [before, now] = [{ ...podRecord(), bootId: 'boot before' }, podRecord()];
    for (const record of [before, now]) {
      addPod(store, record);
      writeFileSync(paths.pod(record.id).state, '');
    }
    const again = (await open()).store;
    expect([...again.pods.values()].map(({ record, state }) => [record.id, state.kind])).to.deep.equal([
      [before.id, 'creating'],
    ]);
    expect([...again.unreadable.keys()]).to.deep.equal([now.id]);
  });

  it('tells of directories that hold nothing yet, as a crash leaves them', async () => {
    const { paths } = await open();
    const directory = paths.pod(newPodId()).directory;
    mkdirSync(directory);
    expect((await open()).empty).to.deep.equal([directory]);
  });

  it('knows the containers of a pod, and no others', async () => {
    const { store } = await open();
    const [a, b] = [podRecord(), podRecord()];
    const one = containerOf(a);
    const two = containerOf(b);
    for (const record of [one, two]) await store.addContainer(record);
    expect(store.containersOf(a.id).map(({ record }) => record.id)).to.deep.equal([one.id]);
    const again = (await open()).store;
    expect(again.containersOf(b.id).map(({ record }) => record)).to.deep.equal([two]);
  });
});
