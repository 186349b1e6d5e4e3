import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LinuxPodSandboxConfig, LinuxSandboxSecurityContext, SELinuxOption } from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { changeXattr, listXattrs, readXattr } from '../../../src/linux/fs-xattr.ts';
import { relabel } from '../../../src/linux/relabel.ts';
import { readContainerContexts } from '../../../src/linux/selinux.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { createContainer, podWith, runContainer, runPod } from '../../fixtures/pods.ts';
import { fails, sh } from '../sandbox/lab.ts';

const label = 'system_u:object_r:container_file_t:s0:c1,c2';

/** Attributes are kept without a policy too; a disk has them, which a tmpfs of this kernel need not. */
describe('relabelling for SELinux', () => {
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(process.env['CRICKET_CACHE'] ?? '/var/tmp', 'cricket-relabel-'));
    mkdirSync(join(dir, 'deep/er'), { recursive: true });
    for (const name of ['one', 'deep/two', 'deep/er/thrée']) writeFileSync(join(dir, name), '');
    symlinkSync('/etc/passwd', join(dir, 'link'));
    execFileSync('mkfifo', [join(dir, 'fifo')]);
  });
  after(() => rmSync(dir, { recursive: true }));
  const labelOf = (path: string) => readXattr(Buffer.from(path), 'security.selinux')?.toString();

  it('gives all of a tree the label, links and pipes too, and writes only what differs', () => {
    expect(relabel(dir, label)).to.equal(8);
    for (const name of ['', 'one', 'deep', 'deep/er/thrée', 'fifo', 'link'])
      expect(labelOf(join(dir, name)), name).to.equal(`${label}\0`);
    expect(relabel(dir, label)).to.equal(0);
    changeXattr(Buffer.from(join(dir, 'deep/two')), 'security.selinux', Buffer.from('other'));
    expect(relabel(dir, label)).to.equal(1);
  });

  it('follows a link only to its root', () => {
    const link = join(dir, 'to-deep');
    symlinkSync(join(dir, 'deep'), link);
    expect(relabel(link, `${label}.c4`)).to.equal(4);
    expect(labelOf(join(dir, 'one'))).to.equal(`${label}\0`);
    expect(listXattrs(Buffer.from('/etc/passwd'))).to.not.include('security.selinux');
  });

  it('touches no directory of the system', () => {
    symlinkSync('/usr', join(dir, 'usr'));
    for (const path of ['/', '/etc', join(dir, 'usr')])
      expect(() => relabel(path, label))
        .to.throw(/belongs to the system/)
        .with.property('code', 'invalid_argument');
  });
});

describe('SELinux options where it is off', () => {
  let cricket: Cricket;
  before(async function () {
    if (readContainerContexts() !== undefined) this.skip(); // on: it needs a policy with types for containers
    cricket = await startCricket();
  });
  after(async () => {
    if (readContainerContexts() === undefined) await cricket.stop();
  });
  const options = (given: Partial<SELinuxOption>) => filled(SELinuxOption, given);

  it('have no effect, in a sandbox and in a container, as with other runtimes', async () => {
    const securityContext = filled(LinuxSandboxSecurityContext, { selinuxOptions: options({ level: 's0:c1,c2' }) });
    const plain = podWith(cricket, { name: 'off' });
    const config = { ...plain, linux: filled(LinuxPodSandboxConfig, { securityContext }) };
    const { podSandboxId: id } = await cricket.client.runtime.runPodSandbox({ config, runtimeHandler: '' });
    const selinuxOptions = options({ user: 'u', role: 'r', type: 'spc_t', level: 's0-s0:c0.c1023' });
    const mounts = [{ hostPath: mkdtempSync(join(cricket.dir, 'm-')), containerPath: '/m', selinuxRelabel: true }];
    const container = await runContainer(cricket, { id, config }, { name: 'c', security: { selinuxOptions }, mounts });
    await sh(cricket, container, 'touch /m/x');
    const { info } = await cricket.client.runtime.containerStatus({ containerId: container.id, verbose: true });
    expect(info['info'])
      .to.contain('"runtimeSpec":{')
      .and.not.match(/selinuxLabel|mountLabel/);
    expect(info['info']).to.contain('"type":"spc_t"');
    const status = await cricket.client.runtime.status({ verbose: true });
    expect(status.info['security']).to.contain('"selinux":{"enabled":false}');
  });

  it('are refused all the same where they can be no part of a context', async () => {
    const pod = await runPod(cricket, { name: 'bad' });
    for (const bad of [
      { level: 'high' },
      { level: 's0:c99999' },
      { level: 's0:c1,' },
      { type: 'a:b' },
      { user: 'a b' },
      { role: '\0' },
    ]) {
      const security = { selinuxOptions: options(bad) };
      const [name] = Object.keys(bad);
      await fails(
        createContainer(cricket, pod, { name: 'c', security }),
        'INVALID_ARGUMENT',
        `selinux_options.${name}`,
      );
    }
  });
});
