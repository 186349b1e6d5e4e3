import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { watchRules } from '../../../src/linux/netlink/rule-monitor.ts';
import { Watcher } from '../../../src/linux/watcher.ts';
import { NetworkLab, eventually, soon } from '../../integration/network/lab.ts';
import { connectOutside } from '../../integration/network/outside.ts';
import { enterOwnHost } from '../../integration/network/own-host.ts';
import { person, port } from '../../integration/network/person.ts';
import { ipsOf } from '../../integration/network/table.ts';

const installed = existsSync('/usr/sbin/firewalld') && existsSync('/usr/bin/dbus-daemon');

describe('beside a real firewalld', function () {
  this.timeout(120_000);
  const stack = new AsyncDisposableStack();
  let address: string;

  before(async function () {
    // Not among the packages that tests install: it would become this machine's firewall.
    if (!installed) this.skip(); // firewalld and dbus-daemon are not installed
    stack.use(enterOwnHost());
    const dir = mkdtempSync(join(tmpdir(), 'cricket-firewalld-'));
    stack.defer(() => rmSync(dir, { recursive: true, force: true }));
    address = `unix:path=${join(dir, 'bus')}`;
    writeFileSync(join(dir, 'bus.conf'), busConfig(address));
    start('dbus-daemon', `--config-file=${join(dir, 'bus.conf')}`, '--nofork');
    await eventually(
      () => existsSync(join(dir, 'bus')),
      (there) => there,
    );
    start('firewalld', '--nofork', '--nopid');
    for (let left = 20; left > 0 && !isRunning(); left--) await new Promise((resolve) => setTimeout(resolve, 500));
    expect(isRunning()).to.equal(true);
  });
  after(async () => stack.disposeAsync());

  function start(program: string, ...args: readonly string[]): void {
    const env = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: address };
    const child = spawn(program, args, { stdio: 'ignore', env });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    stack.defer(async () => end(child, ended));
  }

  const isRunning = (): boolean => {
    try {
      return firewall('--state').includes('running');
    } catch {
      return false;
    }
  };
  function firewall(...args: readonly string[]): string {
    const env = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: address };
    return execFileSync('firewall-cmd', args, { encoding: 'utf8', stdio: 'pipe', env, timeout: 20_000 });
  }

  it('tells that it forwards nothing, mends that, and loses no rule when it reloads', async () => {
    await using watcher = new Watcher();
    const lab = await NetworkLab.make();
    try {
      const far = await lab.pod();
      using outside = connectOutside(far, 'uplink0', 78);
      await using away = await person(far.netns);
      const refused = await lab.open(['10.199.78.0/24']);
      expect(refused.ready())
        .to.have.property('message')
        .that.includes('filter_FORWARD of nftables table inet firewalld');
      const onChange = {
        acceptForward: true,
        watchRules: (tell: Parameters<typeof watchRules>[1]) => watchRules(watcher, tell),
      };
      const network = await lab.open(['10.199.78.0/24'], onChange);
      expect(network.ready()).to.deep.equal({ ready: true });
      const pod = await lab.pod({ ports: [{ protocol: 'tcp', hostPort: 7500, containerPort: port, hostIp: '' }] });
      await ipsOf(network, pod);
      await using inPod = await person(pod.netns);
      const works = async () => {
        expect(await inPod.ask(outside.self.ipv4)).to.equal(outside.host.ipv4);
        expect(await inPod.ask(outside.self.ipv6)).to.equal(outside.host.ipv6);
        expect(await away.ask(outside.host.ipv4, { port: 7500 })).to.equal(outside.self.ipv4);
      };
      await works();
      for (const option of ['--reload', '--complete-reload']) {
        firewall(option);
        const listing = await eventually(
          () => execFileSync('nft', ['list', 'chain', 'inet', 'firewalld', 'filter_FORWARD'], { encoding: 'utf8' }),
          (text) => text.includes(`cricket ${lab.instance}`),
        );
        expect(listing).to.include(`cricket ${lab.instance}`);
        await works();
      }
      await network.detach(pod.id, soon());
      await network.close();
    } finally {
      await lab.close();
    }
  });
});

async function end(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM');
  await ended;
}

const busConfig = (address: string): string => `<!DOCTYPE busconfig PUBLIC
  "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>${address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_destination="*"/>
    <allow receive_type="signal"/><allow eavesdrop="true"/>
  </policy>
</busconfig>
`;
