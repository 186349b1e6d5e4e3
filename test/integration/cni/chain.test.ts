import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { Protocol, PortMapping } from '../../../api/cri/v1/api.ts';
import { filled } from '../../../hack/lib/cri-client.ts';
import { podStatus, podWith, removePod, runPod } from '../../fixtures/pods.ts';
import { CniLab } from './lab.ts';

const capabilities = Object.fromEntries(
  'portMappings bandwidth dns ips ipRanges mac infinibandGUID aliases cgroupPath'
    .split(' ')
    .map((name) => [name, true]),
);

describe('a pod on a chain of CNI plugins', function () {
  this.timeout(30_000);
  const lab = new CniLab();
  before(async () => lab.start());
  beforeEach(() => lab.forgetCalls());
  afterEach(async () => {
    for (const command of ['ADD', 'DEL', 'CHECK']) lab.on(command, undefined);
    await lab.cricket.removePods();
    await lab.expectNothingLeft();
  });
  after(async () => lab.stop());

  const trouble = (more: object = {}) => ({ ...lab.bridgePlugin(more), type: 'trouble' });

  it('has the addresses that the plugins gave, and says which pod it is', async () => {
    await lab.use(lab.chain([trouble({ ipam: lab.ipam(lab.subnet, lab.subnet6) })]));
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
    await lab.use(lab.chain([trouble({ capabilities })]));
    const annotations = {
      'kubernetes.io/ingress-bandwidth': '10M',
      'kubernetes.io/egress-bandwidth': '1.5Mi',
    };
    const dns = { servers: ['10.96.0.10'], searches: ['svc.cluster.local'], options: ['ndots:5'] };
    const config = podWith(lab.cricket, { name: 'web', annotations, dns });
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
      aliases: ['web'],
    });
  });
});
