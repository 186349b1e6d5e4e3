import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { hostname } from 'node:os';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { startNode } from '../fixtures/kubelet/node.ts';
import type { TestNode } from '../fixtures/kubelet/node.ts';
import { shell, sleeping, staticPod } from '../fixtures/kubelet/static-pod.ts';
import type { StaticPod } from '../fixtures/kubelet/static-pod.ts';
import { events, isReady, logLines, runIn, viewOf } from '../fixtures/kubelet/views.ts';
import { eventually } from '../fixtures/pods.ts';

const tcpPort = randomInt(20_000, 25_000);
const udpPort = randomInt(25_000, 29_000);
const serving = 'while :; do echo "served by $HOSTNAME" | nc -l -p 8080; done';

function pods(taken: number): readonly StaticPod[] {
  const shared = staticPod({ name: 'shared', script: 'sleep 4711', spec: { shareProcessNamespace: true } });
  return [
    staticPod({
      name: 'web',
      script: `nc -u -l -p 8053 -e cat & ${serving}`,
      container: {
        ports: [
          { containerPort: 8080, hostPort: tcpPort },
          { containerPort: 8053, hostPort: udpPort, protocol: 'UDP' },
        ],
        readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
      },
    }),
    staticPod({
      name: 'named',
      script: sleeping,
      spec: {
        hostname: 'another',
        subdomain: 'zone',
        hostAliases: [{ ip: '192.0.2.7', hostnames: ['alias.example', 'second.example'] }],
        dnsPolicy: 'None',
        dnsConfig: { nameservers: ['192.0.2.53'], searches: ['example'], options: [{ name: 'ndots', value: '3' }] },
        securityContext: { sysctls: [{ name: 'net.ipv4.ip_local_port_range', value: '40000 50000' }] },
      },
    }),
    staticPod({ name: 'host', script: sleeping, spec: { hostNetwork: true, hostPID: true } }),
    staticPod({ name: 'taken', script: sleeping, container: { ports: [{ containerPort: 80, hostPort: taken }] } }),
    { ...shared, spec: { ...shared.spec, containers: [...shared.spec.containers, shell('other', sleeping)] } },
  ];
}

describe('a real kubelet has pods on the network', function () {
  this.timeout(120_000);
  let node: TestNode;
  let occupant: Server;
  let all: readonly StaticPod[];
  before(async function () {
    this.timeout(600_000);
    occupant = createServer().listen(0, '0.0.0.0');
    await once(occupant, 'listening');
    all = pods((occupant.address() as AddressInfo).port);
    node = await startNode({ verbosity: 3, kubelet: { allowedUnsafeSysctls: ['net.*'] } });
    for (const pod of all) node.run(pod.metadata.name, pod);
  });
  after(async () => {
    occupant.close();
    await node[Symbol.asyncDispose]();
  });

  const inPod = async (name: string, script: string, container = 'main') =>
    runIn(node.kubelet(), name, script, container);
  const ready = async (name: string) =>
    eventually(async () => {
      const seen = await viewOf(node.kubelet(), name);
      expect(isReady(seen.pod), `${name} is ready`).to.equal(true);
      return seen;
    }, 60_000);

  it('that reach each other by address', async () => {
    const { pod } = await ready('web');
    await ready('named');
    expect(await inPod('named', `nc ${pod.status.podIP ?? '?'} 8080 </dev/null`)).to.equal(
      'served by web-cricket-test\n',
    );
  });

  it('with ports of the host, TCP and UDP', async () => {
    await ready('web');
    await eventually(async () =>
      expect(await text(connect(tcpPort, '127.0.0.1'))).to.equal('served by web-cricket-test\n'),
    );
    const client = createSocket('udp4');
    client.send('over UDP', udpPort, '127.0.0.1');
    const [answer] = (await once(client, 'message', { signal: AbortSignal.timeout(20_000) })) as [Buffer];
    client.close();
    expect(answer.toString()).to.equal('over UDP');
  });

  it('with names, resolvers and sysctls of their own', async () => {
    const { pod } = await ready('named');
    expect(await inPod('named', 'hostname; cat /proc/sys/net/ipv4/ip_local_port_range')).to.equal(
      'another\n40000\t50000\n',
    );
    const hosts = await inPod('named', 'cat /etc/hosts');
    expect(hosts).to.match(new RegExp(`^${pod.status.podIP ?? '?'}\\tanother`, 'm'));
    expect(hosts).to.match(/^192\.0\.2\.7\talias\.example\tsecond\.example$/m);
    expect(await inPod('named', 'cat /etc/resolv.conf')).to.equal(
      'search example\nnameserver 192.0.2.53\noptions ndots:3\n',
    );
  });

  it('that are the host', async () => {
    await ready('host');
    const port = (occupant.address() as AddressInfo).port;
    expect(await inPod('host', 'hostname')).to.equal(`${hostname()}\n`);
    expect(await inPod('host', `nc -z 127.0.0.1 ${port} && echo reached`)).to.equal('reached\n');
    expect(Number(await inPod('host', 'ls /proc | grep -c "^[0-9]"'))).to.be.greaterThan(10);
  });

  it('that share their processes, of which one may end alone', async () => {
    const before = await ready('shared');
    expect(await inPod('shared', 'ps -o args', 'other')).to.match(/^sleep 4711$/m);
    await inPod('shared', 'kill $(pidof sleep) || true; pkill -f "sleep 4711"; true', 'other');
    await eventually(async () => {
      const { container } = await viewOf(node.kubelet(), 'shared');
      expect(container('main').restartCount).to.equal(1);
      expect(container('main').state).to.have.property('running');
    }, 60_000);
    const { container } = await viewOf(node.kubelet(), 'shared');
    expect(container('other')).to.include({ restartCount: 0, containerID: before.container('other').containerID });
    expect(await node.sandboxes('shared')).to.have.length(1);
  });

  it('and says which port of the host is taken', async () => {
    const { port } = occupant.address() as AddressInfo;
    await eventually(() => {
      const told = events(node.kubelet()).filter((line) => line.includes('default/taken-'));
      expect(told.join('\n')).to.match(new RegExp(`reason="FailedCreatePodSandBox".*${port}`));
    }, 60_000);
  });

  it('which it has once that is free', async () => {
    occupant.close();
    await ready('taken');
  });

  it('and all of it goes', async () => {
    for (const { metadata } of all) node.remove(metadata.name);
    await eventually(async () => expect(await node.kubelet().pods()).to.deep.equal([]), 60_000);
    await eventually(async () => expect(await node.cricket.left()).to.deep.equal([]), 90_000);
    expect(logLines(node.kubelet(), /code = (Internal|Unimplemented)/)).to.deep.equal([]);
  });
});
