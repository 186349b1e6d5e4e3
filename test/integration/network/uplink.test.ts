import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { NetworkLab, soon } from './lab.ts';
import type { Pod } from './lab.ts';
import { connectOutside } from './outside.ts';
import type { Outside } from './outside.ts';
import { enterOwnHost } from './own-host.ts';
import { person, port } from './person.ts';

const octet = 78;
const range = `10.199.${octet}.0/24`;

const run = (program: string, ...args: readonly string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' });
const nameOf = ({ netns }: Pod): string => netns.replace('/run/netns/', '');

describe('the built-in network and the uplink of its host', function () {
  this.timeout(30_000);
  const stack = new DisposableStack();
  let lab: NetworkLab;
  let far: Pod;
  let outside: Outside;
  beforeEach(async () => {
    stack.use(enterOwnHost());
    lab = await NetworkLab.make();
    far = await lab.pod();
    outside = connectOutside(far, 'uplink0', octet);
  });
  afterEach(async () => lab.close());
  after(() => stack.dispose());

  it('has the MTU of the interface that the default route goes by', async () => {
    run('ip', 'link', 'set', 'uplink0', 'mtu', '1380');
    run('ip', 'route', 'add', 'default', 'via', outside.self.ipv4);
    const network = await lab.open([range]);
    const pod = await lab.pod();
    await network.attach(pod, soon());
    expect(run('ip', '-n', nameOf(pod), 'link', 'show', 'eth0')).to.include('mtu 1380');
    expect(run('ip', 'link', 'show', `crk${lab.instance}`)).to.include('mtu 1380');
  });

  it('lets nobody in on 127.0.0.0/8 from there, and routes that on its bridge alone', async () => {
    const hostPort = randomInt(30_000, 39_000);
    const network = await lab.open([range]);
    const pod = await lab.pod({ ports: [{ protocol: 'tcp', hostPort, containerPort: port, hostIp: '' }] });
    await network.attach(pod, soon());
    const routes = (link: string) => readFileSync(`/proc/sys/net/ipv4/conf/${link}/route_localnet`, 'utf8').trim();
    expect([routes(`crk${lab.instance}`), routes('uplink0'), routes('all')]).to.deep.equal(['1', '0', '0']);
    // What a neighbour could do, and what somebody may have set on the host.
    run('ip', '-n', nameOf(far), 'addr', 'del', '127.0.0.1/8', 'dev', 'lo');
    run('ip', '-n', nameOf(far), 'route', 'add', '127.0.0.2/32', 'via', outside.host.ipv4);
    run('ip', 'netns', 'exec', nameOf(far), 'sysctl', '-qw', 'net.ipv4.conf.all.route_localnet=1');
    run('sysctl', '-qw', 'net.ipv4.conf.uplink0.route_localnet=1');
    await using host = await person(undefined);
    await using there = await person(far.netns);
    await using _inPod = await person(pod.netns);
    expect(await host.ask('127.0.0.2', { port: hostPort })).to.match(/^10\.199\./);
    expect(await there.ask(outside.host.ipv4, { port: hostPort })).to.equal(outside.self.ipv4);
    for (const at of [hostPort, port])
      expect(await there.ask('127.0.0.2', { port: at }).catch(() => 'nobody')).to.equal('nobody');
  });
});
