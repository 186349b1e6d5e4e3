import { expect } from 'chai';
import { Capability, Device, SecurityProfile, SecurityProfile_ProfileType } from '../../../api/cri/v1/api.ts';
import type { LinuxContainerSecurityContext, PodSandboxConfig } from '../../../api/cri/v1/api.ts';
import { LinuxPodSandboxConfig, LinuxSandboxSecurityContext } from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { capabilityNames } from '../../../src/linux/capabilities.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { containerWith, podWith, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../../fixtures/pods.ts';
import { execIn, fails, initPid, procStatus, sh } from './lab.ts';

const { RuntimeDefault, Unconfined, Localhost } = SecurityProfile_ProfileType;
const seccomp = (profileType: SecurityProfile_ProfileType, localhostRef = '') =>
  filled(SecurityProfile, { profileType, localhostRef });
const capabilities = (given: Partial<Capability>) => ({ capabilities: filled(Capability, given) });

describe('the security of a container', () => {
  let cricket: Cricket;
  let pod: TestPod;
  let privilegedPod: TestPod;
  before(async () => {
    cricket = await startCricket();
    pod = await runPod(cricket, { name: 'a' });
    privilegedPod = await runPrivilegedPod();
  });
  after(async () => cricket.stop());

  async function runPrivilegedPod(): Promise<TestPod> {
    const plain = podWith(cricket, { name: 'privileged' });
    const securityContext = filled(LinuxSandboxSecurityContext, { privileged: true });
    const config: PodSandboxConfig = { ...plain, linux: filled(LinuxPodSandboxConfig, { securityContext }) };
    const { podSandboxId: id } = await cricket.client.runtime.runPodSandbox({ config, runtimeHandler: '' });
    return { id, config };
  }

  let names = 0;
  const secured = async (security: Partial<LinuxContainerSecurityContext>, inPod = pod) =>
    runContainer(cricket, inPod, { name: `c${names++}`, security });
  /** Names of the capabilities in a line of /proc/PID/status. */
  async function held(container: TestContainer, set: 'CapEff' | 'CapBnd' | 'CapAmb'): Promise<readonly string[]> {
    const mask = BigInt(`0x${procStatus(await initPid(cricket, container), set)}`);
    return capabilityNames.filter((_name, bit) => ((mask >> BigInt(bit)) & 1n) === 1n).map(short);
  }
  const short = (name: string) => name.replace(/^CAP_/, '');

  const defaults = (
    'CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT MKNOD ' +
    'AUDIT_WRITE SETFCAP'
  ).split(' ');

  it('gives the capabilities of the field, more and fewer where asked', async () => {
    expect(await held(await secured({}), 'CapEff')).to.have.members(defaults);
    const more = await secured(capabilities({ addCapabilities: ['NET_ADMIN', 'cap_sys_time'] }));
    expect(await held(more, 'CapEff')).to.have.members([...defaults, 'NET_ADMIN', 'SYS_TIME']);
    const fewer = await secured(capabilities({ dropCapabilities: ['CHOWN', 'CAP_KILL'] }));
    const left = defaults.filter((name) => name !== 'CHOWN' && name !== 'KILL');
    expect(await held(fewer, 'CapEff')).to.have.members(left);
    expect(await held(fewer, 'CapBnd')).to.have.members(left);
  });

  it('drops all and adds all, as far as the daemon itself may give', async () => {
    const one = { dropCapabilities: ['ALL'], addCapabilities: ['NET_BIND_SERVICE'] };
    expect(await held(await secured(capabilities(one)), 'CapEff')).to.deep.equal(['NET_BIND_SERVICE']);
    expect(await held(await secured(capabilities({ dropCapabilities: ['ALL'] })), 'CapBnd')).to.deep.equal([]);
    const ours = BigInt(`0x${procStatus(cricket.pid, 'CapBnd')}`);
    const all = await held(await secured(capabilities({ addCapabilities: ['ALL'] })), 'CapEff');
    expect(all).to.have.length(capabilityNames.filter((_name, bit) => ((ours >> BigInt(bit)) & 1n) === 1n).length);
  });

  it('gives a user that is not root none, but ambient ones that are asked for', async () => {
    const runAsUser = { value: 1234n };
    expect(await held(await secured({ runAsUser }), 'CapEff')).to.deep.equal([]);
    const ambient = capabilities({ addAmbientCapabilities: ['NET_BIND_SERVICE'] });
    const container = await secured({ runAsUser, ...ambient });
    expect(await held(container, 'CapAmb')).to.deep.equal(['NET_BIND_SERVICE']);
    expect(await held(container, 'CapEff')).to.deep.equal(['NET_BIND_SERVICE']);
  });

  it('refuses a capability that is none', async () => {
    await fails(secured(capabilities({ addCapabilities: ['NO_SUCH'] })), 'INVALID_ARGUMENT', 'NO_SUCH');
  });

  it('filters system calls by the default profile where asked, and not without', async () => {
    const mode = async (security: Partial<LinuxContainerSecurityContext>) =>
      procStatus(await initPid(cricket, await secured(security)), 'Seccomp');
    expect(await mode({ seccomp: seccomp(RuntimeDefault) })).to.equal('2');
    expect(await mode({ seccomp: seccomp(Unconfined) })).to.equal('0');
    expect(await mode({})).to.equal('0');
    const filtered = await secured({ seccomp: seccomp(RuntimeDefault), ...capabilities({ addCapabilities: [] }) });
    expect((await execIn(cricket, filtered, ['unshare', '-r', 'true'])).stderr).to.match(/not permitted/);
    const exec = await sh(cricket, filtered, 'grep ^Seccomp: /proc/self/status');
    expect(exec, 'an exec is filtered like the container').to.match(/2$/);
  });

  it('masks and makes read-only the paths that the kubelet names, and none that it does not', async () => {
    const maskedPaths = ['/proc/cpuinfo', '/proc/irq', '/no/such'];
    const readonlyPaths = ['/proc/sys', '/etc/passwd'];
    const container = await secured({ maskedPaths, readonlyPaths });
    expect(await sh(cricket, container, 'wc -c < /proc/cpuinfo; ls /proc/irq | wc -l')).to.equal('0\n0');
    const write = await execIn(cricket, container, [
      'sh',
      '-c',
      'echo x >> /etc/passwd; echo 1 > /proc/sys/kernel/panic',
    ]);
    expect(write.stderr.match(/Read-only file system/gi)).to.have.length(2);
    const open = await secured({});
    expect(await sh(cricket, open, 'echo x >> /etc/passwd; tail -n 1 /etc/passwd')).to.equal('x');
  });

  it('keeps the root file system read-only where asked', async () => {
    const container = await secured({ readonlyRootfs: true });
    expect((await execIn(cricket, container, ['touch', '/x'])).stderr).to.match(/Read-only/i);
    await sh(cricket, container, 'touch /dev/shm/x');
    await sh(cricket, await secured({}), 'touch /x');
  });

  it('sets no_new_privs where asked, for execs too', async () => {
    const container = await secured({ noNewPrivs: true });
    expect(procStatus(await initPid(cricket, container), 'NoNewPrivs')).to.equal('1');
    expect(await sh(cricket, container, 'grep NoNewPrivs /proc/self/status')).to.match(/1$/);
    expect(procStatus(await initPid(cricket, await secured({})), 'NoNewPrivs')).to.equal('0');
  });

  it('gives a privileged container the host: devices, capabilities, writable /sys', async () => {
    const container = await secured({ privileged: true }, privilegedPod);
    expect(await sh(cricket, container, 'ls /dev/kmsg')).to.equal('/dev/kmsg');
    expect(await held(container, 'CapEff')).to.include('SYS_ADMIN');
    expect(await sh(cricket, container, 'grep " /sys " /proc/mounts')).to.match(/ rw,/);
    expect(procStatus(await initPid(cricket, container), 'Seccomp')).to.equal('0');
    await fails(secured({ privileged: true }), 'INVALID_ARGUMENT', 'sandbox is not privileged');
    const named = await secured({ privileged: true, seccomp: seccomp(Localhost, '/no/such.json') }, privilegedPod);
    expect(procStatus(await initPid(cricket, named), 'Seccomp'), 'it ignores a filter').to.equal('0');
  });

  it('gives devices that are named and no others', async () => {
    const device = (hostPath: string, containerPath: string, permissions: string) =>
      filled(Device, { hostPath, containerPath, permissions });
    const config = {
      ...containerWith({ name: 'devices' }),
      devices: [device('/dev/loop-control', '/dev/mine', 'r'), device('/dev/kmsg', '', 'rwm')],
    };
    const { containerId: id } = await cricket.client.runtime.createContainer({
      ...{ podSandboxId: pod.id, config, sandboxConfig: pod.config },
    });
    await cricket.client.runtime.startContainer({ containerId: id });
    const container = { id, pod, config, logPath: '' };
    expect(await sh(cricket, container, 'stat -c "%t %T" /dev/mine /dev/kmsg')).to.equal('a ed\n1 b');
    await sh(cricket, container, ': < /dev/mine');
    const refused = async (script: string) => (await execIn(cricket, container, ['sh', '-c', script])).stderr;
    expect(await refused(': > /dev/mine'), 'it may be read only').to.match(/not permitted/i);
    expect(await refused('mknod /fuse c 10 229 && : < /fuse'), 'an own node opens nothing').to.match(/not permitted/i);
    const bad = { ...config, metadata: { name: 'bad', attempt: 0 }, devices: [device('/dev/no-such', '', 'r')] };
    const request = { podSandboxId: pod.id, config: bad, sandboxConfig: pod.config };
    await fails(cricket.client.runtime.createContainer(request), 'INVALID_ARGUMENT', '/dev/no-such');
  });
});
