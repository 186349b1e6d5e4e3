import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { Protocol, PortMapping } from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { podStatus, podWith, removePod, runPod } from '../../fixtures/pods.ts';
import { fails } from '../sandbox/lab.ts';
import { CniLab } from './lab.ts';

const capabilities = Object.fromEntries(
  'portMappings bandwidth dns ips ipRanges mac infinibandGUID aliases cgroupPath'
    .split(' ')
    .map((name) => [name, true]),
);

describe('a pod on a chain of CNI plugins', function () {
  this.timeout(30_000);
  const lab = new CniLab();
  before(async () =>
    lab.start(
      'cni',
      'network.annotations = ["cricket/ip-addresses", "cricket/mac-address", "cricket/network-aliases"]',
    ),
  );
  beforeEach(() => lab.forgetCalls());
  afterEach(async () => {
    for (const command of ['ADD', 'DEL', 'CHECK']) lab.on(command, undefined);
    await lab.cricket.removePods();
    await lab.expectNothingLeft();
  });
  after(async () => lab.stop());

  it('has the addresses that the plugins gave, and says which pod it is', async () => {
    await lab.use(lab.chain([lab.trouble({ ipam: lab.ipam(lab.subnet, lab.subnet6) })]));
    const pod = await runPod(lab.cricket, { name: 'web', namespace: 'shop', uid: 'u-1' });
    const { network } = await podStatus(lab.cricket, pod.id);
    const ips = [network?.ip, ...(network?.additionalIps ?? []).map(({ ip }) => ip)];
    expect(ips).to.have.members(lab.taken()).and.have.length(2);
    expect(network?.ip).to.match(/^10\./);
    const [call] = lab.calls('ADD');
    const netns = call?.variables['CNI_NETNS'] ?? '';
    expect(call?.variables).to.deep.equal({
      CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=${pod.id};K8S_POD_UID=u-1`,
      CNI_COMMAND: 'ADD',
      CNI_CONTAINERID: pod.id,
      CNI_IFNAME: 'eth0',
      CNI_NETNS: netns,
      CNI_PATH: `${lab.binDir}:/usr/lib/cni`,
    });
    const inside = execFileSync('nsenter', [`--net=${netns}`, 'ip', '-o', 'addr'], { encoding: 'utf8' });
    for (const ip of ips) expect(inside).to.contain(` ${ip ?? ''}/`);
    expect(inside, 'loopback is up').to.contain(' 127.0.0.1/8');
    await removePod(lab.cricket, pod.id);
    const [del] = lab.calls('DEL');
    expect(del?.variables).to.deep.equal({ ...call?.variables, CNI_COMMAND: 'DEL' });
    expect(del?.request['prevResult']).to.have.property('ips').with.length(2);
  });

  it('tells a plugin of what it declares, and nothing else', async () => {
    await lab.use(lab.chain([lab.trouble({ capabilities })]));
    const annotations = {
      'kubernetes.io/ingress-bandwidth': '10M',
      'kubernetes.io/egress-bandwidth': '1.5Mi',
      'cricket/ip-addresses': '192.0.2.7, 2001:db8::7/64',
      'cricket/mac-address': '02:00:5E:10:00:01',
      'cricket/network-aliases': 'shop db',
      'cricket/infiniband-guid': '02:00:00:00:00:00:00:01',
    };
    const dns = { servers: ['10.96.0.10'], searches: ['svc.cluster.local'], options: ['ndots:5'] };
    const cgroupParent = `${lab.cricket.cgroup}/burstable`;
    const config = podWith(lab.cricket, { name: 'web', annotations, dns, cgroupParent });
    const portMappings = [
      filled(PortMapping, { protocol: Protocol.TCP, containerPort: 80, hostPort: 30_080, hostIp: '127.0.0.1' }),
      filled(PortMapping, { protocol: Protocol.UDP, containerPort: 53, hostPort: 30_053 }),
      filled(PortMapping, { protocol: Protocol.TCP, containerPort: 9000 }),
    ];
    const runtimeConfig = { networkConfig: { podCidr: '10.9.0.0/24,fd09::/64' } };
    await lab.cricket.client.runtime.updateRuntimeConfig({ runtimeConfig });
    lab.on('ADD', `body >"$lab/asked"; echo '{"ips":[{"address":"192.0.2.7/24"}]}'; exit 0`);
    lab.on('DEL', 'exit 0');
    await lab.cricket.client.runtime.runPodSandbox({ config: { ...config, portMappings } });
    const [call] = lab.calls('ADD');
    expect(call?.request['capabilities']).to.equal(undefined);
    expect(call?.request['runtimeConfig']).to.deep.equal({
      portMappings: [
        { hostPort: 30_080, containerPort: 80, protocol: 'tcp', hostIP: '127.0.0.1' },
        { hostPort: 30_053, containerPort: 53, protocol: 'udp' },
      ],
      bandwidth: {
        ...{ ingressRate: 10_000_000, ingressBurst: 4_294_967_295, egressRate: 1_572_864, egressBurst: 4_294_967_295 },
      },
      dns,
      ipRanges: [[{ subnet: '10.9.0.0/24' }], [{ subnet: 'fd09::/64' }]],
      ips: ['192.0.2.7', '2001:db8::7/64'],
      mac: '02:00:5e:10:00:01',
      aliases: ['web', 'shop', 'db'],
      cgroupPath: `${lab.cricket.cgroup}/burstable`,
    });
  });

  it('undoes a chain from its end when a later plugin fails', async () => {
    lab.on('ADD', 'echo "no such luck" >&2; exit 1');
    lab.on('DEL', 'exit 0');
    await lab.use(lab.chain([lab.bridgePlugin(), lab.trouble()]));
    await fails(
      runPod(lab.cricket, { name: 'web' }),
      'UNKNOWN',
      /trouble, ADD: it ended with 1; it said: no such luck/,
    );
    await lab.expectNothingLeft();
    expect(lab.calls('ADD')[0]?.request['prevResult']).to.have.property('ips').with.length(1);
    expect(lab.calls('DEL')[0]?.request).to.not.have.property('prevResult');
  });

  it('names every address of several interfaces, those of eth0 first, once each', async () => {
    await lab.use(lab.chain([lab.trouble()]));
    const sandbox = '"sandbox":"\'"$CNI_NETNS"\'"';
    lab.on(
      'ADD',
      `echo '{"cniVersion":"1.0.0","interfaces":[{"name":"vethx"},{"name":"net1",${sandbox}},{"name":"eth0",${sandbox}}],
        "ips":[{"interface":0,"address":"192.0.2.1/24"},{"interface":1,"address":"192.0.2.2/24"},
          {"interface":2,"address":"192.0.2.3/24"},{"interface":2,"address":"2001:db8::3/64"},{"address":"192.0.2.3/24"}]}'; exit 0`,
    );
    lab.on('DEL', 'exit 0');
    const pod = await runPod(lab.cricket, { name: 'web' });
    const told = async () => {
      const { network } = await podStatus(lab.cricket, pod.id);
      return [network?.ip, ...(network?.additionalIps ?? []).map(({ ip }) => ip)];
    };
    const all = ['192.0.2.3', '2001:db8::3', '192.0.2.2'];
    expect(await told()).to.deep.equal(all);
    await lab.cricket.restart();
    expect(await told()).to.deep.equal(all);
    await lab.cricket.client.runtime.stopPodSandbox({ podSandboxId: pod.id });
    expect(await told()).to.deep.equal([undefined]);
  });

  it('reads the results of old versions', async () => {
    lab.on('DEL', 'exit 0');
    lab.on('ADD', `echo '{"ip4":{"ip":"192.0.2.4/24"},"ip6":{"ip":"2001:db8::4/64"}}'; exit 0`);
    await lab.use(lab.chain([lab.trouble()], { cniVersion: '0.2.0' }));
    const old = await runPod(lab.cricket, { name: 'old' });
    expect((await podStatus(lab.cricket, old.id)).network).to.deep.equal({
      ip: '192.0.2.4',
      additionalIps: [{ ip: '2001:db8::4' }],
    });
    lab.on('ADD', `echo '{"cniVersion":"0.3.1","ips":[{"version":"4","address":"192.0.2.5/24"}]}'; exit 0`);
    await lab.use(lab.chain([lab.trouble()], { cniVersion: '0.3.1' }));
    const newer = await runPod(lab.cricket, { name: 'newer' });
    expect((await podStatus(lab.cricket, newer.id)).network?.ip).to.equal('192.0.2.5');
    await removePod(lab.cricket, newer.id);
    expect(lab.calls('DEL')[0]?.request, 'DEL is told the result from 0.4.0 on').to.not.have.property('prevResult');
  });

  it('may not have a name that cannot stand among the arguments', async () => {
    await lab.use(lab.chain([lab.trouble()]));
    await fails(
      runPod(lab.cricket, { name: 'a;b=c', hostname: 'abc' }),
      'INVALID_ARGUMENT',
      /K8S_POD_NAME "a;b=c": CNI plugins take no/,
    );
    const bad = { 'kubernetes.io/ingress-bandwidth': 'much' };
    await fails(
      runPod(lab.cricket, { name: 'web', annotations: bad }),
      'INVALID_ARGUMENT',
      /ingress-bandwidth is "much"/,
    );
    expect(lab.calls('ADD')).to.deep.equal([]);
  });

  it('is made by a plugin that finds it under /run/netns and runs others itself', async () => {
    const ptp = { type: 'ptp', ipam: lab.ipam(`10.228.${lab.number}.0/24`) };
    const base = { cniVersion: '1.0.0', name: lab.name };
    lab.file('first.json', { ...base, ...lab.bridgePlugin() });
    lab.file('second.json', { ...base, name: `${lab.name}-second`, ...ptp });
    await lab.use(lab.chain([{ type: 'delegate' }]));
    const { id } = await runPod(lab.cricket, { name: 'web' });
    expect((await podStatus(lab.cricket, id)).network?.ip).to.equal(lab.taken()[0]);
    const netns = `/run/netns/cricket-${lab.cricket.instance}-${id.slice(0, 24)}`;
    const inside = execFileSync('nsenter', [`--net=${netns}`, 'ip', '-o', 'addr'], { encoding: 'utf8' });
    expect(inside)
      .to.match(/\beth0\b.* 10\.227\./)
      .and.match(/\bnet1\b.* 10\.228\./);
    await removePod(lab.cricket, id);
    expect(lab.taken(`${lab.name}-second`)).to.deep.equal([]);
  });

  it('comes with 20 others at once, each with an address of its own', async () => {
    await lab.use(lab.chain([lab.bridgePlugin(), { type: 'portmap', capabilities: { portMappings: true } }]));
    const pods = await Promise.all(Array.from({ length: 20 }, (_, i) => runPod(lab.cricket, { name: `many${i}` })));
    const ips = await Promise.all(pods.map(async ({ id }) => (await podStatus(lab.cricket, id)).network?.ip));
    expect(new Set(ips)).to.have.property('size', 20);
    expect(lab.taken()).to.have.members(ips);
  });
});
