import { expect } from 'chai';
import { lstatSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Capability, NamespaceMode, NamespaceOption } from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { capabilityNames } from '../../../src/linux/capabilities.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import {
  createContainer,
  eventually,
  podStatus,
  readLog,
  removePod,
  runContainer,
  runPod,
} from '../../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../../fixtures/pods.ts';
import { mounts, processes } from '../../leftovers/kernel.ts';
import { connectChannels } from '../streaming/websocket-client.ts';
import { execIn, fails, initPid, namespaceOf, procStatus, sh } from '../sandbox/lab.ts';
import { length, namespaceFrom, users } from './lab.ts';

const first = 1_000_000;
const second = 2_000_000;

/** What held namespaces while they were made, and outlived that. */
const holders = (daemon: number) =>
  processes().filter(
    ({ pid, command }) => /^(cat|unshare)\b/.test(command) && procStatus(pid, 'PPid') === String(daemon),
  );

describe('pods with a user namespace', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  before(async () => (cricket = await startCricket()));
  after(async () => cricket.stop());

  it('are announced for the handlers whose runtime can', async () => {
    const { runtimeHandlers, features } = await cricket.client.runtime.status({ verbose: false });
    const told = runtimeHandlers.map((handler) => [handler.name, handler.features?.userNamespaces]);
    expect(Object.fromEntries(told)).to.deep.equal({ '': true, crun: true, runc: true });
    expect(features?.userNamespacesHostNetwork).to.equal(true);
    expect(mounts().filter(({ point }) => point.startsWith(join(cricket.root, 'probe')))).to.deep.equal([]);
  });

  for (const handler of ['crun', 'runc'])
    describe(`of ${handler}`, () => {
      let pod: TestPod;
      let container: TestContainer;
      before(async () => {
        const sysctls = { 'kernel.shmmax': '123456', 'net.ipv4.ip_unprivileged_port_start': '80' };
        pod = await runPod(cricket, { name: `users-${handler}`, namespaces: users(first), sysctls }, handler);
        container = await runContainer(cricket, pod, { name: 'a' });
      });
      after(async () => {
        await removePod(cricket, pod.id);
        expect(await cricket.left()).to.deep.equal([]);
        expect(holders(cricket.pid)).to.deep.equal([]);
      });

      it('have the mapping asked for, and say so', async () => {
        const map = `0 ${first} ${length}`;
        for (const file of ['uid_map', 'gid_map'])
          expect((await sh(cricket, container, `cat /proc/self/${file}`)).trim().split(/\s+/).join(' ')).to.equal(map);
        expect(procStatus(await initPid(cricket, container), 'Uid')).to.match(new RegExp(`^${first}\\s`));
        const { linux } = await podStatus(cricket, pod.id);
        expect(linux?.namespaces?.options?.usernsOptions).to.deep.equal(namespaceFrom(first));
      });

      it("own their image's files, and what the pod gives them, without a copy", async () => {
        const owners =
          '/ /bin /bin/busybox /etc/passwd /dev /dev/shm /dev/pts /etc/hosts /etc/hostname /etc/resolv.conf';
        const listed = await sh(cricket, container, `stat -c '%u:%g %n' ${owners}`);
        expect(listed.split('\n').filter((line) => !line.startsWith('0:0 '))).to.deep.equal([]);
        await sh(cricket, container, 'echo mine > /etc/new; echo more >> /etc/passwd; echo a > /dev/shm/a');
        const upper = join(cricket.root, 'containers', container.id, 'upper');
        expect(statSync(join(upper, 'etc/new'))).to.include({ uid: first, gid: first });
        expect(statSync(join(upper, 'etc/passwd'))).to.include({ uid: first, gid: first });
        expect(() => lstatSync(join(upper, 'bin/busybox'))).to.throw(/ENOENT/);
        expect(statSync(join(cricket.root, 'pods', pod.id, 'hosts'))).to.include({ uid: first, gid: first });
        for (const path of [`containers/${container.id}`, `pods/${pod.id}`]) {
          const { mode, uid, gid } = statSync(join(cricket.state, path));
          expect({ mode: mode & 0o777, uid, gid }, path).to.deep.equal({ mode: 0o710, uid: 0, gid: first });
        }
      });

      it('own their namespaces: sysctls are theirs, and set as asked', async () => {
        const values = '/proc/sys/kernel/shmmax /proc/sys/net/ipv4/ip_unprivileged_port_start';
        expect(await sh(cricket, container, `cat ${values}; hostname`)).to.equal(`123456\n80\nusers-${handler}`);
        expect(await sh(cricket, container, 'stat -c %u /proc/sys/net/ipv4/ip_forward')).to.equal('0');
        const admin = { capabilities: filled(Capability, { addCapabilities: ['ALL'] }) };
        const able = await runContainer(cricket, pod, { name: 'admin', security: admin });
        expect(
          await sh(cricket, able, 'hostname other; ip link set lo mtu 1400; hostname; cat /sys/class/net/lo/mtu'),
        ).to.equal('other\n1400');
        await sh(cricket, able, `hostname users-${handler}`);
      });

      it('have every capability there is inside, also one that the daemon lacks', async () => {
        const all = { capabilities: filled(Capability, { addCapabilities: ['ALL'] }) };
        const able = await runContainer(cricket, pod, { name: 'able', security: all });
        const last = BigInt(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8').trim());
        const held = BigInt(`0x${procStatus(await initPid(cricket, able), 'CapEff')}`);
        expect(held & (1n << BigInt(capabilityNames.indexOf('CAP_SYS_RESOURCE')))).not.to.equal(0n);
        expect(held).to.equal((1n << (last + 1n)) - 1n);
      });

      it('run as the users of the namespace, and as no others', async () => {
        const as = (value: bigint) => ({ runAsUser: { value }, runAsGroup: { value } });
        const user = await runContainer(cricket, pod, { name: 'user', security: as(1234n) });
        expect(await sh(cricket, user, 'id -u; touch /tmp/x; stat -c %u /tmp/x')).to.equal('1234\n1234');
        expect(procStatus(await initPid(cricket, user), 'Uid')).to.match(new RegExp(`^${first + 1234}\\s`));
        const refused = createContainer(cricket, pod, { name: 'beyond', security: as(65_536n) });
        await fails(refused, 'INVALID_ARGUMENT', 'user 65536 is not in the user namespace of the sandbox');
        const groups = { supplementalGroups: [70_000n] };
        await fails(
          createContainer(cricket, pod, { name: 'beyond', security: groups }),
          'INVALID_ARGUMENT',
          'group 70000 is not in the user namespace',
        );
      });

      it('can open their output again, and give nobody the /dev/null of the host', async () => {
        const security = { runAsUser: { value: 1234n } };
        const command = ['sh', '-c', 'echo again > /dev/stdout; sleep 3600'];
        const one = await runContainer(cricket, pod, { name: 'output', command, security });
        await eventually(() => expect(readLog(one.logPath).map(({ text }) => text)).to.deep.equal(['again']));
        const { stdout, code } = await execIn(cricket, one, ['sh', '-c', 'echo here > /dev/stdout; cat']);
        expect({ stdout, code }).to.deep.equal({ stdout: 'here\n', code: 0 });
        const { url } = await cricket.client.runtime.exec({
          ...{ containerId: one.id, cmd: ['sh', '-c', 'tty; id -u; echo there > /dev/tty; exec < /proc/self/fd/0'] },
          ...{ tty: true, stdin: true, stdout: true, stderr: false },
        });
        const client = await connectChannels(url, 'v5.channel.k8s.io');
        await client.closed;
        expect(client.text(1)).to.match(/1234\r?\nthere\r?\n$/);
        expect(statSync('/dev/null')).to.include({ uid: 0, gid: 0, mode: 0o20666 });
      });

      it('share one pid namespace where asked, with an init of their own', async () => {
        const shared = { pid: NamespaceMode.POD };
        const two = await runPod(cricket, { name: `pid-${handler}`, namespaces: users(second, shared) }, handler);
        const security = { namespaceOptions: filled(NamespaceOption, shared) };
        const [a, b] = [
          await runContainer(cricket, two, { name: 'a', security }),
          await runContainer(cricket, two, { name: 'b', security }),
        ];
        for (const kind of ['pid', 'user', 'net', 'ipc', 'uts'])
          expect(namespaceOf(kind, await initPid(cricket, a)), kind).to.equal(
            namespaceOf(kind, await initPid(cricket, b)),
          );
        expect(await sh(cricket, a, 'tr "\\0" " " < /proc/1/cmdline; stat -c %u /proc/1')).to.equal('/init -P 65534');
        const orphan = await sh(cricket, a, '(sleep 0.2 & echo $!)');
        await eventually(async () =>
          expect(await sh(cricket, b, `cat /proc/${orphan}/stat 2>/dev/null || echo gone`)).to.equal('gone'),
        );
        const target = filled(NamespaceOption, { pid: NamespaceMode.TARGET, targetId: container.id });
        const debug = await runContainer(cricket, pod, { name: 'debug', security: { namespaceOptions: target } });
        expect(namespaceOf('pid', await initPid(cricket, debug))).to.equal(
          namespaceOf('pid', await initPid(cricket, container)),
        );
        await removePod(cricket, two.id);
      });

      it('share layers with pods of other mappings at the same time', async () => {
        const two = await runPod(cricket, { name: `two-${handler}`, namespaces: users(second) }, handler);
        const three = await runPod(cricket, { name: `three-${handler}` }, handler);
        const [b, c] = [
          await runContainer(cricket, two, { name: 'b' }),
          await runContainer(cricket, three, { name: 'c' }),
        ];
        const owners = async (one: TestContainer) => sh(cricket, one, 'stat -c %u:%g /bin/busybox /etc');
        for (const one of [container, b, c]) expect(await owners(one)).to.equal('0:0\n0:0');
        const seen = async (one: TestContainer) =>
          statSync(`/proc/${await initPid(cricket, one)}/root/bin/busybox`).uid;
        expect([await seen(container), await seen(b), await seen(c)]).to.deep.equal([first, second, 0]);
        await Promise.all([removePod(cricket, two.id), removePod(cricket, three.id)]);
      });

      it('can have the network of the host', async () => {
        const onHost = users(second, { network: NamespaceMode.NODE });
        const host = await runPod(cricket, { name: `host-${handler}`, namespaces: onHost }, handler);
        const one = await runContainer(cricket, host, { name: 'a' });
        const pid = await initPid(cricket, one);
        expect(namespaceOf('net', pid)).to.equal(namespaceOf('net'));
        expect(namespaceOf('user', pid)).not.to.equal(namespaceOf('user'));
        expect(await sh(cricket, one, 'id -u; ls /sys/class/net | grep -c lo; stat -c %u /bin')).to.equal('0\n1\n0');
        for (const beyond of ['ip link set lo mtu 1000', 'echo 1 > /sys/kernel/mm/ksm/run'])
          expect((await execIn(cricket, one, ['sh', '-c', beyond])).code, beyond).not.to.equal(0);
        await removePod(cricket, host.id);
      });
    });
});
