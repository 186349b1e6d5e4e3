import { expect } from 'chai';
import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { NamespaceMode } from '../../../api/cri/v1/api.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { podStatus, removePod, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer } from '../../fixtures/pods.ts';
import type { PodWish } from '../../../hack/lib/cri-messages.ts';
import { fails, sh } from './lab.ts';

describe('what a pod gives its containers', () => {
  let cricket: Cricket;
  before(async () => (cricket = await startCricket()));
  after(async () => cricket.stop());
  afterEach(async () => cricket.removePods());

  /** A pod with one container in it; gone when the look at it is over. */
  async function inPod<T>(wish: PodWish, look: (container: TestContainer, ip: string) => Promise<T>): Promise<T> {
    const pod = await runPod(cricket, wish);
    const container = await runContainer(cricket, pod, { name: 'c' });
    const { network } = await podStatus(cricket, pod.id);
    const seen = await look(container, network?.ip ?? '');
    await removePod(cricket, pod.id);
    return seen;
  }
  const read = (path: string) => async (container: TestContainer) => sh(cricket, container, `cat ${path}`);

  it('is the host name that was asked for, else its own name', async () => {
    await inPod({ name: 'a', hostname: 'web-0.example' }, async (container) => {
      expect(await sh(cricket, container, 'hostname; cat /etc/hostname; uname -n')).to.equal(
        'web-0.example\nweb-0.example\nweb-0.example',
      );
    });
    expect(await inPod({ name: 'b', hostname: '' }, read('/etc/hostname'))).to.equal('b');
    const long = `${'x'.repeat(62)}-yy`;
    expect(await inPod({ name: long, hostname: '' }, read('/etc/hostname'))).to.equal('x'.repeat(62));
  });

  it('is an own hosts file with its address and name', async () => {
    await inPod({ name: 'a' }, async (container, ip) => {
      const lines = (await sh(cricket, container, 'cat /etc/hosts')).split('\n').map((line) => line.split(/\s+/));
      expect(lines).to.deep.include(['127.0.0.1', 'localhost']);
      expect(lines).to.deep.include([ip, 'a']);
    });
  });

  it("is the host's files on the host's network", async () => {
    const namespaces = { network: NamespaceMode.NODE };
    const host = (path: string) => readFileSync(path, 'utf8').trimEnd();
    expect(await inPod({ name: 'a', namespaces }, read('/etc/hosts'))).to.equal(host('/etc/hosts'));
    expect(await inPod({ name: 'a', namespaces }, read('/etc/hostname'))).to.equal(hostname());
  });

  it("is the DNS configuration of the pod, else the host's", async () => {
    const dns = {
      servers: ['10.96.0.10', '10.96.0.11'],
      searches: ['default.svc.cluster.local', 'svc.cluster.local'],
      options: ['ndots:5', 'timeout:1'],
    };
    expect(await inPod({ name: 'a', dns }, read('/etc/resolv.conf'))).to.equal(
      'search default.svc.cluster.local svc.cluster.local\nnameserver 10.96.0.10\nnameserver 10.96.0.11\noptions ndots:5 timeout:1',
    );
    expect(await inPod({ name: 'a', dns: {} }, read('/etc/resolv.conf'))).to.equal('');
    const host = readFileSync('/etc/resolv.conf', 'utf8').trimEnd();
    expect(await inPod({ name: 'a' }, read('/etc/resolv.conf'))).to.equal(host);
  });

  it('may be written by its containers, but not on a read-only root file system', async () => {
    const pod = await runPod(cricket, { name: 'a' });
    const a = await runContainer(cricket, pod, { name: 'a' });
    await sh(cricket, a, 'echo "1.2.3.4 added" >> /etc/hosts');
    const b = await runContainer(cricket, pod, { name: 'b', security: { readonlyRootfs: true } });
    expect(await sh(cricket, b, 'cat /etc/hosts')).to.contain('1.2.3.4 added');
    expect(await sh(cricket, b, '(echo x >> /etc/hosts) 2>&1 || true')).to.match(/read-only/i);
    await removePod(cricket, pod.id);
  });

  it("is its own file where a container's own mount takes the place", async () => {
    const pod = await runPod(cricket, { name: 'a' });
    const mounts = [{ hostPath: '/proc/sys/kernel/ostype', containerPath: '/etc/hosts', readonly: true }];
    const a = await runContainer(cricket, pod, { name: 'a', mounts });
    expect(await sh(cricket, a, 'cat /etc/hosts')).to.equal('Linux');
    await removePod(cricket, pod.id);
  });

  it('is a /dev/shm of 64 MiB that its containers share', async () => {
    const pod = await runPod(cricket, { name: 'a' });
    const a = await runContainer(cricket, pod, { name: 'a' });
    const b = await runContainer(cricket, pod, { name: 'b' });
    await sh(cricket, a, 'echo from a > /dev/shm/note');
    expect(await sh(cricket, b, 'cat /dev/shm/note')).to.equal('from a');
    expect(await sh(cricket, b, "df -k /dev/shm | awk 'NR==2 {print $2}'")).to.equal(String(64 * 1024));
    expect(await sh(cricket, b, 'stat -c %a /dev/shm; grep " /dev/shm " /proc/mounts')).to.match(
      /^1777\n.*nosuid,nodev,noexec/,
    );
    const other = await inPod({ name: 'b' }, async (container) => sh(cricket, container, 'ls /dev/shm'));
    expect(other).to.equal('');
    await removePod(cricket, pod.id);
  });

  it("is the host's /dev/shm in the host's ipc namespace", async () => {
    const seen = await inPod({ name: 'a', namespaces: { ipc: NamespaceMode.NODE } }, async (container) =>
      sh(cricket, container, 'stat -c %d /dev/shm'),
    );
    expect(Number(seen)).to.equal(statSync('/dev/shm').dev);
  });

  it('are sysctls of its own namespaces', async () => {
    const sysctls = {
      'net.ipv4.ip_unprivileged_port_start': '81',
      'net.core.somaxconn': '1234',
      'kernel.shm_rmid_forced': '1',
      'kernel.msgmax': '9999',
      'fs.mqueue.msg_max': '13',
    };
    await inPod({ name: 'a', sysctls }, async (container) => {
      for (const [name, value] of Object.entries(sysctls))
        expect(await sh(cricket, container, `cat /proc/sys/${name.replaceAll('.', '/')}`), name).to.equal(value);
    });
    expect(readFileSync('/proc/sys/kernel/msgmax', 'utf8').trim()).not.to.equal('9999');
  });

  for (const [what, sysctls, namespaces, said] of [
    ['of the whole host', { 'kernel.panic': '10' }, {}, 'set it on the node instead'],
    ['of the host name', { 'kernel.hostname': 'x' }, {}, 'set it on the node instead'],
    ['of no namespace, with a way out', { 'net/../kernel/panic': '10' }, {}, 'not a name'],
    [
      "of the network when that is the host's",
      { 'net.core.somaxconn': '9' },
      { network: NamespaceMode.NODE },
      "the host's network namespace",
    ],
    [
      "of ipc when that is the host's",
      { 'kernel.msgmax': '9' },
      { ipc: NamespaceMode.NODE },
      "the host's ipc namespace",
    ],
    ['that does not exist', { 'net.ipv4.no_such_thing': '1' }, {}, 'net.ipv4.no_such_thing'],
    ['with a value the kernel refuses', { 'net.core.somaxconn': 'many' }, {}, 'net.core.somaxconn=many'],
  ] as const)
    it(`is no sysctl ${what}`, async () => {
      await fails(runPod(cricket, { name: 'a', sysctls, namespaces }), 'INVALID_ARGUMENT', said);
      expect(await cricket.left()).to.deep.equal([]);
    });
});
