import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { expect } from 'chai';
import type { PodNetwork } from '../../../src/sandbox/network/network.ts';
import { NetworkLab, anyOctet, soon } from './lab.ts';
import type { Pod } from './lab.ts';
import { connectOutside } from './outside.ts';
import type { Outside } from './outside.ts';
import { Lines, initPacket, parsePacket, sendPacket, sniffer } from './sctp.ts';

const containerPort = 7412;
/** Not before something was tracked: the module that tells may be loaded by that. */
const isTracked = () => existsSync('/proc/sys/net/netfilter/nf_conntrack_sctp_timeout_established');
/** Asking for a socket has the kernel load its module, where there is one. */
const hasSockets = () =>
  spawnSync('perl', ['-MSocket', '-e', 'exit(socket(S, AF_INET, SOCK_STREAM, 132) ? 0 : 1)']).status === 0;

describe('host ports over SCTP', function () {
  this.timeout(30_000);
  const octet = anyOctet();
  const hostPort = randomInt(30_000, 39_000);
  const client = randomInt(40_000, 50_000);
  let lab: NetworkLab;
  let network: PodNetwork;
  let outside: Outside;
  let far: Pod;
  let ip: string;
  let pod: Pod;
  before(async () => {
    lab = await NetworkLab.make();
    network = await lab.open([`10.199.${octet}.0/24`]);
    far = await lab.pod();
    outside = connectOutside(far, `cks${octet}`, octet);
    pod = await lab.pod({ ports: [{ protocol: 'sctp', hostPort, containerPort, hostIp: '' }] });
  });
  after(async () => {
    outside[Symbol.dispose]();
    await lab.close();
  });

  it('are refused where the kernel does not track it, else given', async () => {
    const given = await network.attach(pod, soon()).catch((error: unknown) => error);
    if (isTracked()) ip = (given as Awaited<ReturnType<PodNetwork['attach']>>).ips[0] ?? '';
    else expect(String(given)).to.contain('this kernel tracks no SCTP; use tcp or udp');
  });

  /** From each place, what the pod is asked by, and what its answer looks like there. */
  const places = [
    ['outside', () => far.netns, () => outside.host.ipv4],
    ['the host under an address of its own', () => undefined, () => outside.host.ipv4],
    ['the host on 127.0.0.1', () => undefined, () => '127.0.0.1'],
  ] as const;
  for (const [at, [where, netns, address]] of places.entries())
    it(`lead from ${where} to the pod and its answer back, checksums mended`, async function () {
      if (!isTracked()) return this.skip(); // this kernel tracks no SCTP (CONFIG_NF_CT_PROTO_SCTP)
      await using atPod = sniffer(pod.netns);
      await using atClient = sniffer(netns());
      expect([await atPod.next(), await atClient.next()]).to.deep.equal(['ready', 'ready']);
      const ask = { sourcePort: client + at, port: hostPort, tag: 0, chunk: 1, initTag: 0x1234 };
      await sendPacket(netns(), address(), initPacket(ask));
      const asked = parsePacket(await atPod.next());
      expect(asked).to.include({ port: containerPort, chunk: 1, initTag: 0x1234, isWhole: true });
      if (where === 'outside') expect(asked.from).to.equal(outside.self.ipv4);
      const answer = { sourcePort: containerPort, port: asked.sourcePort, tag: 0x1234, chunk: 2, initTag: 0x5678 };
      await sendPacket(pod.netns, asked.from, initPacket(answer));
      for (;;) {
        const back = parsePacket(await atClient.next());
        // On lo the client hears its own question, too.
        if (back.chunk !== 2) continue;
        const expected = { from: address(), sourcePort: hostPort, port: client + at, initTag: 0x5678, isWhole: true };
        expect(back).to.include(expected);
        return;
      }
    });

  it('carry an association from outside, where the kernel has sockets for it', async function () {
    if (!isTracked() || !hasSockets()) return this.skip(); // this kernel has no SCTP sockets (CONFIG_IP_SCTP)
    await using server = new Lines(
      pod.netns,
      'socket(S, AF_INET, SOCK_STREAM, 132) or die $!; bind(S, sockaddr_in($ARGV[0], INADDR_ANY)) or die $!; listen(S, 5); print "ready\\n";' +
        'while ($p = accept(C, S)) { syswrite(C, inet_ntoa((sockaddr_in($p))[1]) . "\\n"); print "served\\n"; close(C) }',
      String(containerPort),
    );
    expect(await server.next()).to.equal('ready');
    await using asker = new Lines(
      far.netns,
      'socket(S, AF_INET, SOCK_STREAM, 132) or die $!; connect(S, sockaddr_in($ARGV[1], inet_aton($ARGV[0]))) or die $!; sysread(S, $b, 99); print $b',
      ...[outside.host.ipv4, String(hostPort)],
    );
    expect(await asker.next(), 'as whom the pod sees it').to.equal(outside.self.ipv4);
    expect(await server.next()).to.equal('served');
    expect(ip).to.match(/^10\.199\./);
  });

  it('are closed with their pod', async function () {
    if (!isTracked()) return this.skip(); // this kernel tracks no SCTP (CONFIG_NF_CT_PROTO_SCTP)
    await network.detach(pod.id, soon());
    const again = await lab.pod({ ports: [{ protocol: 'sctp', hostPort, containerPort, hostIp: '' }] });
    await network.attach(again, soon());
  });
});
