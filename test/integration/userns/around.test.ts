import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  LinuxPodSandboxConfig,
  LinuxSandboxSecurityContext,
  NamespaceMode,
  NamespaceOption,
} from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { ociArchive } from '../../../hack/lib/oci/archive.ts';
import { buildImage, packLayer } from '../../../hack/lib/oci/image.ts';
import { cli } from '../../e2e/hands-on.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { imageInputs } from '../../fixtures/images/inputs.ts';
import { busyboxRootfs } from '../../fixtures/images/rootfs.ts';
import { eventually, podWith, removePod, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../../fixtures/pods.ts';
import { CniLab } from '../cni/lab.ts';
import { initPid, namespaceOf, sh } from '../sandbox/lab.ts';
import { connectSpdy } from '../streaming/spdy-client.ts';
import { mapped, users } from './lab.ts';

const { CONTAINER, NODE } = NamespaceMode;
const hostId = 3_000_000;
const reference = 'docker.io/test/capable:1';

/** busybox, and once more as a program with the file capability CAP_NET_RAW, effective (linux/capability.h). */
function capable() {
  const netRaw = Buffer.alloc(20);
  netRaw.writeUInt32LE(0x0200_0001, 0);
  netRaw.writeUInt32LE(1 << 13, 4);
  const program = {
    ...({ kind: 'file', path: 'capable/grep', mode: 0o755, data: imageInputs().busybox } as const),
    xattrs: { 'security.capability': netRaw },
  };
  return buildImage({
    layers: [packLayer(busyboxRootfs(imageInputs())), packLayer([program])],
    config: { Cmd: ['sh'] },
  });
}

describe('what is done with pods in a user namespace', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  let pod: TestPod;
  let container: TestContainer;
  let dir: string;
  before(async () => {
    cricket = await startCricket();
    await cricket.importImage(ociArchive(capable(), reference));
    dir = mkdtempSync(join(tmpdir(), 'cricket-around-'));
    mkdirSync(join(dir, 'volume'));
    pod = await runPod(cricket, { name: 'around', namespaces: users(hostId) });
    const mounts = [mapped(hostId, { hostPath: join(dir, 'volume'), containerPath: '/volume' })];
    container = await runContainer(cricket, pod, { name: 'around', image: reference, mounts });
  });
  after(async () => {
    await cricket.stop();
    rmSync(dir, { recursive: true });
  });

  it('cp copies with the users inside, to volumes too, and from there', async () => {
    mkdirSync(join(dir, 'tree'));
    writeFileSync(join(dir, 'tree/file'), 'x', { mode: 0o640 });
    for (const to of ['/copied', '/volume/copied']) {
      expect((await cli(cricket, 'cp', join(dir, 'tree'), `around:${to}`)).err).to.equal('');
      expect(await sh(cricket, container, `stat -c '%u:%g %a' ${to} ${to}/file`)).to.equal('0:0 755\n0:0 640');
    }
    expect(statSync(join(dir, 'volume/copied/file'))).to.include({ uid: 0, gid: 0 });
    await sh(cricket, container, 'chown 7:8 /copied/file; chown 9:9 /volume/copied/file');
    for (const [from, owner] of [
      ['/copied', '7/8'],
      ['/volume/copied', '9/9'],
    ] as const) {
      const { out } = await cli(cricket, 'cp', `around:${from}`, '-');
      const listed = execFileSync('tar', ['--numeric-owner', '-tvf', '-'], { input: out, encoding: 'utf8' });
      expect(listed).to.match(new RegExp(` ${owner} .*copied/file`));
    }
    expect((await cli(cricket, 'cp', 'around:/copied', join(dir, 'back'))).err, cricket.log().slice(-1500)).to.equal(
      '',
    );
    expect(readFileSync(join(dir, 'back/file'), 'utf8')).to.equal('x');
  });

  for (const tty of [false, true])
    it(`attach sees and is heard, ${tty ? 'with a terminal' : 'without a terminal'}`, async () => {
      const command = ['sh', '-c', 'while read x; do echo "got $x"; done'];
      const { id } = await runContainer(cricket, pod, { name: `attach-${tty}`, command, stdin: true, tty });
      const wish = { containerId: id, stdin: true, stdout: true, stderr: !tty, tty };
      const client = await connectSpdy((await cricket.client.runtime.attach(wish)).url);
      client.open({ streamtype: 'error' });
      const stdin = client.open({ streamtype: 'stdin' });
      const stdout = client.open({ streamtype: 'stdout' });
      client.open({ streamtype: tty ? 'resize' : 'stderr' });
      try {
        client.data(stdin, Buffer.from('typed\n'));
        await eventually(() => expect(client.text(stdout)).to.contain('got typed'));
      } finally {
        client.socket.destroy();
      }
    });

  it('port-forward, stats and file capabilities are as anywhere', async () => {
    await sh(cricket, container, '(while :; do echo pong | nc -l -p 7; done) >/dev/null 2>&1 &');
    const { url } = await cricket.client.runtime.portForward({ podSandboxId: pod.id, port: [] });
    await eventually(async () => {
      const client = await connectSpdy(url, 'portforward.k8s.io').catch(async () => {
        const again = await cricket.client.runtime.portForward({ podSandboxId: pod.id, port: [] });
        return connectSpdy(again.url, 'portforward.k8s.io');
      });
      const headers = { port: '7', requestid: '1' };
      client.open({ ...headers, streamtype: 'error' });
      const data = client.open({ ...headers, streamtype: 'data' });
      try {
        await eventually(() => expect(client.text(data)).to.equal('pong\n'), 2000);
      } finally {
        client.socket.destroy();
      }
    });
    const { stats } = await cricket.client.runtime.podSandboxStats({ podSandboxId: pod.id });
    expect(Number(stats?.linux?.network?.defaultInterface?.rxBytes?.value ?? 0n)).to.be.greaterThan(0);
    expect(Number(stats?.linux?.containers[0]?.memory?.workingSetBytes?.value ?? 0n)).to.be.greaterThan(0);
    const user = { runAsUser: { value: 1234n } };
    const one = await runContainer(cricket, pod, { name: 'user', image: reference, security: user });
    expect(await sh(cricket, one, '/capable/grep CapEff /proc/self/status')).to.match(/CapEff:\s0+2000$/m);
  });

  it('share pid and ipc with the host where asked, and are privileged in their own namespace alone', async () => {
    for (const modes of [{ pid: NODE }, { ipc: NODE, pid: CONTAINER }, { privileged: true }]) {
      const privileged = 'privileged' in modes;
      const asked = users(hostId, 'privileged' in modes ? { pid: CONTAINER } : modes);
      const namespaceOptions = filled(NamespaceOption, asked);
      const securityContext = filled(LinuxSandboxSecurityContext, { privileged, namespaceOptions });
      const plain = podWith(cricket, { name: Object.keys(modes).join('-') });
      const config = { ...plain, linux: filled(LinuxPodSandboxConfig, { securityContext }) };
      const { podSandboxId: id } = await cricket.client.runtime.runPodSandbox({ config, runtimeHandler: '' });
      const one = await runContainer(
        cricket,
        { id, config },
        { name: 'a', security: { privileged, namespaceOptions } },
      );
      const pid = await initPid(cricket, one);
      for (const kind of ['pid', 'ipc'] as const)
        expect(namespaceOf(kind, pid) === namespaceOf(kind), kind).to.equal(
          !privileged && modes[kind as 'pid'] === NODE,
        );
      expect(namespaceOf('user', pid)).not.to.equal(namespaceOf('user'));
      expect(await sh(cricket, one, 'id -u; stat -c %u /bin /proc/self/fd')).to.equal('0\n0\n0');
      await removePod(cricket, id);
    }
  });

  it('a daemon that was killed takes them up as they are', async () => {
    const before = namespaceOf('user', await initPid(cricket, container));
    await cricket.restart();
    expect(namespaceOf('user', await initPid(cricket, container))).to.equal(before);
    expect(await sh(cricket, container, 'id -u; echo x > /dev/stdout; cat /volume/copied/file')).to.equal('0\nx\nx');
    const later = await runContainer(cricket, pod, { name: 'later' });
    expect(namespaceOf('user', await initPid(cricket, later))).to.equal(before);
    await removePod(cricket, pod.id);
    expect(await cricket.left()).to.deep.equal([]);
  });
});

describe('pods in a user namespace on a CNI network', function () {
  this.timeout(60_000);

  it('get an address, and lose it with the pod', async () => {
    const lab = new CniLab();
    try {
      const cricket = await lab.start();
      await cricket.importDemo();
      await lab.use(lab.chain([lab.bridgePlugin()]));
      const pod = await runPod(cricket, { name: 'cni', namespaces: users(hostId) });
      const container = await runContainer(cricket, pod, { name: 'a' });
      const { status } = await cricket.client.runtime.podSandboxStatus({ podSandboxId: pod.id });
      const address = await sh(cricket, container, 'ip -4 addr show eth0; id -u');
      expect(address).to.contain(` ${status?.network?.ip ?? 'none'}/`);
      await removePod(cricket, pod.id);
      await lab.expectNothingLeft();
    } finally {
      await lab.stop();
    }
  });
});
