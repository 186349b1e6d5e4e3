import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { expect } from 'chai';
import type { PodNetwork } from '../../../src/sandbox/network/network.ts';
import type { PortMapping } from '../../../src/sandbox/pod/record.ts';
import { NetworkLab, anyOctet, soon } from './lab.ts';
import type { Pod } from './lab.ts';
import { person, port } from './person.ts';

const nft = (...args: readonly string[]): string => execFileSync('nft', args, { encoding: 'utf8', stdio: 'pipe' });

describe('host ports', function () {
  this.timeout(30_000);
  const range = `10.199.${anyOctet()}.0/24`;
  let lab: NetworkLab;
  let network: PodNetwork;
  let hostPort: number;
  beforeEach(async () => {
    lab = await NetworkLab.make();
    network = await lab.open([range]);
    hostPort = randomInt(30_000, 39_000);
  });
  afterEach(async () => lab.close());

  const tcp = (more: Partial<PortMapping> = {}): PortMapping => {
    return { protocol: 'tcp', hostPort, containerPort: port, hostIp: '', ...more };
  };
  const start = async (...ports: PortMapping[]): Promise<Pod> => {
    const pod = await lab.pod({ ports });
    await network.attach(pod, soon());
    return pod;
  };
  const refusal = async (...ports: PortMapping[]) => start(...ports).catch((error: unknown) => error);

  it('cost nothing without any: no table is made', async () => {
    await start();
    expect(nft('list', 'tables')).not.to.include(`ip cricket_${lab.instance}`);
  });

  it('are refused where another pod has them, by its name, until it is gone', async () => {
    const first = await start(tcp());
    for (const hostIp of ['', '0.0.0.0', '127.0.0.1', '::1']) {
      const error = await refusal(tcp({ hostIp }));
      expect(error).to.have.property('code', 'failed_precondition');
      expect(String(error)).to.include(`${hostPort} is taken by pod default/lab (${first.id.slice(0, 13)})`);
    }
    await network.detach(first.id, soon());
    await start(tcp());
  });

  it('are refused where a process of the host has them, by its name', async () => {
    const server = createServer().listen(hostPort, '127.0.0.1');
    await once(server, 'listening');
    try {
      const error = await refusal(tcp());
      expect(error).to.have.property('code', 'failed_precondition');
      expect(String(error)).to.match(
        new RegExp(`tcp ${hostPort} is taken by .+ \\(process ${process.pid}\\) of the host`),
      );
      await start(tcp({ protocol: 'udp' }));
      await start(tcp({ hostIp: '127.0.0.2' }));
    } finally {
      server.close();
    }
    await start(tcp({ hostIp: '127.0.0.1' }));
    const socket = createSocket('udp4');
    socket.bind(hostPort + 1);
    await once(socket, 'listening');
    const error = await refusal(tcp({ protocol: 'udp', hostPort: hostPort + 1 }));
    socket.close();
    expect(String(error)).to.include(`(process ${process.pid})`);
  });

  it('may be the same on other addresses of the host and over other protocols', async () => {
    const pods = [
      await start(tcp({ hostIp: '127.0.0.1' })),
      await start(tcp({ hostIp: '127.0.0.2' })),
      await start(tcp({ hostIp: '::' })),
      await start(tcp({ protocol: 'udp' })),
      await start(tcp({ protocol: 'sctp' })),
    ];
    await using host = await person(undefined);
    for (const [pod, address] of [
      [pods[0], '127.0.0.1'],
      [pods[1], '127.0.0.2'],
    ] as const) {
      await using there = await person(pod?.netns);
      expect(await host.ask(address, { port: hostPort })).to.equal(range.replace('.0/24', '.1'));
      expect(there).not.to.equal(undefined);
    }
    const listing = nft('-n', 'list', 'map', 'ip', `cricket_${lab.instance}`, 'every');
    expect(listing).to.include(`132 . ${hostPort} :`);
  });

  it('may be any of the 16-bit range, and many for one pod', async () => {
    const used = new Set<number>();
    const ports = [1, 65_535, ...Array.from({ length: 60 }, () => randomInt(40_000, 60_000))]
      .filter((one) => !used.has(one) && used.add(one))
      .map((one) => tcp({ hostPort: one }));
    await start(...ports);
    const listing = nft('-n', 'list', 'map', 'ip6', `cricket_${lab.instance}`, 'every');
    for (const { hostPort: one } of ports) expect(listing).to.include(`6 . ${one} :`);
  });

  it('are refused twice in one pod, and on an IPv6 address of a pod that has none', async () => {
    expect(await refusal(tcp(), tcp({ hostIp: '127.0.0.1' }))).to.have.property('code', 'invalid_argument');
    const pod = await lab.pod({ ports: [tcp({ hostIp: '::1' })], sysctls: { 'net.ipv6.conf.all.disable_ipv6': '1' } });
    const error = await network.attach(pod, soon()).catch((thrown: unknown) => thrown);
    expect(String(error)).to.include('the pod has no address of that family');
    await network.detach(pod.id, soon());
  });

  it('lead a client that goes on sending to the pod that comes, and away from the one that goes', async () => {
    await using host = await person(undefined);
    const udp = tcp({ protocol: 'udp' });
    const client = createSocket('udp4');
    client.bind(0);
    await once(client, 'listening');
    const answers: string[] = [];
    client.on('message', (message) => answers.push(message.toString()));
    const sending = setInterval(() => client.send('who?', hostPort, '127.0.0.1'), 20);
    try {
      for (let turn = 1; turn <= 2; turn++) {
        const pod = await start(udp);
        await using there = await person(pod.netns);
        for (const before = answers.length; answers.length <= before;)
          await once(client, 'message', { signal: AbortSignal.timeout(4000) });
        expect(await there.ask('127.0.0.1')).to.equal('127.0.0.1');
        await network.detach(pod.id, soon());
      }
    } finally {
      clearInterval(sending);
      client.close();
    }
    const refused = await host.ask('127.0.0.1', { protocol: 'udp', port: hostPort }).catch(() => 'nobody');
    expect(refused).to.equal('nobody');
  });

  it('go on with another daemon, after a flush of all rules and after one of the elements', async () => {
    const pod = await start(tcp());
    await using host = await person(undefined);
    await using _there = await person(pod.netns);
    const ask = async () => host.ask('127.0.0.1', { port: hostPort }).catch(() => 'nobody');
    const gateway = range.replace('.0/24', '.1');
    network = await lab.open([range]);
    expect(await ask()).to.equal(gateway);
    for (const damage of [
      () => ['inet', 'ip', 'ip6'].map((family) => nft('delete', 'table', family, `cricket_${lab.instance}`)),
      () => [nft('flush', 'map', 'ip', `cricket_${lab.instance}`, 'every')],
      () => [nft('flush', 'chain', 'ip', `cricket_${lab.instance}`, 'publish')],
    ]) {
      damage();
      expect(await ask()).to.equal('nobody');
      expect((await network.reconcile(new Set([pod.id]), soon())).join()).to.include('host ports');
      expect(await ask()).to.equal(gateway);
    }
    expect(await network.reconcile(new Set([pod.id]), soon())).to.deep.equal([]);
    nft('delete', 'table', 'ip', `cricket_${lab.instance}`);
    await start(tcp({ hostPort: hostPort + 1 }));
    expect(await ask(), 'the next pod has the table written anew').to.equal(gateway);
  });

  it('are closed when their pod is gone, though nobody said so', async () => {
    await start(tcp());
    network = await lab.open([range]);
    expect((await network.reconcile(new Set(), soon())).join()).to.include('were closed');
    expect(nft('list', 'map', 'ip', `cricket_${lab.instance}`, 'every')).not.to.include(String(hostPort));
    await start(tcp());
  });

  it('let nobody in on 127.0.0.1 from a pod or from outside', async () => {
    await using host = await person(undefined);
    const pod = await start(tcp());
    await using there = await person(pod.netns);
    const name = pod.netns.replace('/run/netns/', '');
    const gateway = range.replace('.0/24', '.1');
    // What a pod with CAP_NET_ADMIN could do: send its 127/8 out to us.
    for (const command of [
      ['addr', 'del', '127.0.0.1/8', 'dev', 'lo'],
      ['route', 'add', '127.0.0.2/32', 'via', gateway],
    ])
      execFileSync('ip', ['-n', name, ...command]);
    execFileSync('ip', ['netns', 'exec', name, 'sysctl', '-qw', 'net.ipv4.conf.all.route_localnet=1']);
    expect(await there.ask('127.0.0.2').catch(() => 'nobody')).to.equal('nobody');
    expect(await host.ask('127.0.0.2')).to.equal('127.0.0.1');
  });
});
