import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync, openSync, closeSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { NetworkLab, soon } from '../../integration/network/lab.ts';
import { connectOutside } from '../../integration/network/outside.ts';
import { enterOwnHost } from '../../integration/network/own-host.ts';
import { person, port } from '../../integration/network/person.ts';
import { ipsOf } from '../../integration/network/table.ts';

const serviceIp = '10.96.0.10';
const servicePort = 80;
const nodePort = 30_080;
const octet = 79;

/** What of the API kube-proxy asks for: a Service, an EndpointSlice, its node; watches stay open and say nothing. */
function apiServer(objects: Readonly<Record<string, readonly object[]>>): Server {
  return createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://api');
    const [resource = '', name] = url.pathname.replace(/^\/apis?\/([a-z.0-9]+\/)*?v1\//, '').split('/');
    const items = objects[resource];
    if (url.searchParams.get('watch') === 'true' || url.searchParams.get('watch') === '1') {
      watch(response, items ?? [], url.searchParams.get('sendInitialEvents') === 'true');
      return;
    }
    response.setHeader('content-type', 'application/json');
    if (name !== undefined) {
      response.end(JSON.stringify(items?.[0] ?? { kind: 'Status', apiVersion: 'v1', status: 'Success' }));
      return;
    }
    const metadata = { resourceVersion: '1' };
    response.end(JSON.stringify({ ...kinds[resource], metadata, items: items ?? [] }));
  });
}

const kinds: Readonly<Record<string, object>> = {
  services: { kind: 'ServiceList', apiVersion: 'v1' },
  endpointslices: { kind: 'EndpointSliceList', apiVersion: 'discovery.k8s.io/v1' },
  nodes: { kind: 'NodeList', apiVersion: 'v1' },
  servicecidrs: { kind: 'ServiceCIDRList', apiVersion: 'networking.k8s.io/v1' },
};

function watch(response: ServerResponse, items: readonly object[], initial: boolean): void {
  response.setHeader('content-type', 'application/json');
  response.flushHeaders();
  if (!initial) return;
  for (const object of items) response.write(`${JSON.stringify({ type: 'ADDED', object })}\n`);
  const annotations = { 'k8s.io/initial-events-end': 'true' };
  const [first] = items as readonly { readonly kind: string; readonly apiVersion: string }[];
  const { kind, apiVersion } = first ?? { kind: 'Node', apiVersion: 'v1' };
  const bookmark = { kind, apiVersion, metadata: { resourceVersion: '1', annotations } };
  response.write(`${JSON.stringify({ type: 'BOOKMARK', object: bookmark })}\n`);
}

function objectsFor(endpoint: string): Readonly<Record<string, readonly object[]>> {
  const metadata = { name: 'web', namespace: 'default', resourceVersion: '1', uid: 'u' };
  const ports = [{ name: 'http', protocol: 'TCP', port: servicePort, targetPort: port, nodePort }];
  const spec = {
    ...{ clusterIP: serviceIp, clusterIPs: [serviceIp], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' },
    ...{ type: 'NodePort', ports, externalTrafficPolicy: 'Cluster', internalTrafficPolicy: 'Cluster' },
  };
  const conditions = { ready: true, serving: true, terminating: false };
  return {
    services: [{ kind: 'Service', apiVersion: 'v1', metadata, spec, status: { loadBalancer: {} } }],
    endpointslices: [
      {
        ...{ kind: 'EndpointSlice', apiVersion: 'discovery.k8s.io/v1', addressType: 'IPv4' },
        metadata: { ...metadata, name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
        endpoints: [{ addresses: [endpoint], conditions, nodeName: 'node' }],
        ports: [{ name: 'http', protocol: 'TCP', port }],
      },
    ],
    nodes: [
      {
        ...{ kind: 'Node', apiVersion: 'v1', metadata: { name: 'node', resourceVersion: '1', uid: 'n' }, spec: {} },
        status: { addresses: [{ type: 'InternalIP', address: `10.198.${octet}.1` }] },
      },
    ],
  };
}

describe('beside a real kube-proxy', function () {
  this.timeout(30 * 60_000);
  let binary: string;
  before(() => {
    const tools = join(import.meta.dirname, '../../../hack/lab/go-tools');
    binary = execFileSync(tools, ['kube-proxy'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  });

  for (const mode of ['iptables', 'nftables'] as const)
    it(`serves a Service from a pod, the host and outside, and host ports beside it, in its ${mode} mode`, async () => {
      await using stack = new AsyncDisposableStack();
      stack.use(enterOwnHost());
      const dir = mkdtempSync(join(tmpdir(), 'cricket-kube-proxy-'));
      stack.defer(() => rmSync(dir, { recursive: true, force: true }));
      const lab = await NetworkLab.make();
      stack.defer(async () => lab.close());
      const far = await lab.pod();
      const outside = stack.use(connectOutside(far, 'uplink0', octet));
      execFileSync('ip', ['route', 'add', 'default', 'via', outside.self.ipv4]);
      const network = await lab.open([`10.199.${octet}.0/24`]);
      const backend = await lab.pod({ ports: [{ protocol: 'tcp', hostPort: 7600, containerPort: port, hostIp: '' }] });
      const client = await lab.pod();
      const [{ ipv4: endpoint }, { ipv4: clientIp }] = [await ipsOf(network, backend), await ipsOf(network, client)];

      const api = apiServer(objectsFor(endpoint)).listen(0, '127.0.0.1');
      stack.defer(() => {
        api.close();
        api.closeAllConnections();
      });
      await once(api, 'listening');
      writeFileSync(join(dir, 'kubeconfig'), kubeconfig((api.address() as AddressInfo).port));
      const logFile = join(dir, 'log');
      stack.defer(startKubeProxy(binary, mode, dir, logFile));

      const people = [];
      for (const pod of [backend, client, far]) people.push(stack.use(await person(pod.netns)));
      const [inBackend, inClient, away] = people;
      const host = stack.use(await person(undefined));
      let first = '';
      for (let left = 15; left > 0 && !/^\d+\./.test(first); left--)
        first = await host.ask(serviceIp, { port: servicePort }).catch((error: unknown) => String(error));
      expect(first, readFileSync(logFile, 'utf8').slice(-3000)).to.match(/^\d+\./);
      const checks = async () => {
        expect(await inClient?.ask(serviceIp, { port: servicePort })).to.match(/^\d+\./);
        expect(await inBackend?.ask(serviceIp, { port: servicePort }), 'a pod that is its own backend').to.match(
          /^\d+\./,
        );
        expect(await away?.ask(outside.host.ipv4, { port: nodePort }), 'its node port').to.match(/^\d+\./);
        expect(await away?.ask(outside.host.ipv4, { port: 7600 }), 'our host port').to.equal(outside.self.ipv4);
        expect(await host.ask('127.0.0.1', { port: 7600 })).to.match(/^\d+\./);
        expect(await inClient?.ask(outside.host.ipv4, { port: 7600 })).to.match(/^\d+\./);
        expect(await inClient?.ask(outside.self.ipv4)).to.equal(outside.host.ipv4);
        expect(await inClient?.ask(endpoint)).to.equal(clientIp);
      };
      await checks();
      expect(network.ready()).to.deep.equal({ ready: true });
      expect(await network.reconcile(new Set([backend.id, client.id]), soon())).to.deep.equal([]);
      // A restart of ours writes our tables anew beside its.
      await ipsOf(await lab.open([`10.199.${octet}.0/24`]), client);
      await checks();
    });
});

function startKubeProxy(binary: string, mode: string, dir: string, logFile: string): () => Promise<void> {
  const log = openSync(logFile, 'a');
  const args = [
    ...['--kubeconfig', join(dir, 'kubeconfig'), '--proxy-mode', mode, '--hostname-override', 'node'],
    ...['--cluster-cidr', `10.199.${octet}.0/24`, '--conntrack-max-per-core', '0', '--conntrack-min', '0'],
    ...['--conntrack-tcp-timeout-established', '0', '--conntrack-tcp-timeout-close-wait', '0'],
    ...['--iptables-sync-period', '2s', '--iptables-min-sync-period', '200ms', '--v', '1'],
  ];
  const child = spawn(binary, args, { stdio: ['ignore', log, log] });
  closeSync(log);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return async () => {
    child.kill('SIGKILL');
    await ended;
  };
}

const kubeconfig = (apiPort: number): string =>
  JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'test' },
    clusters: [{ name: 'test', cluster: { server: `http://127.0.0.1:${apiPort}` } }],
    users: [{ name: 'test', user: {} }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  });
