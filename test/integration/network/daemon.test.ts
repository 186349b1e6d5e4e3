import { execFileSync } from 'node:child_process';
import { isIPv6 } from 'node:net';
import { expect } from 'chai';
import { NamespaceMode } from '../../../api/cri/v1/api.ts';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { podStatus, removePod, runPod } from '../../fixtures/pods.ts';

/** What there is in the namespace of a pod. */
function inside(cricket: Cricket, podId: string, ...command: readonly string[]): string {
  const name = `cricket-${cricket.instance}-${podId.slice(0, 24)}`;
  return execFileSync('ip', ['-n', name, ...command], { encoding: 'utf8', stdio: 'pipe' });
}

describe('the network of a pod, as the daemon gives it', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  before(async () => {
    cricket = await startCricket({
      demo: false,
      config: 'network.annotations = ["cricket/network", "cricket/mac-address"]',
    });
  });
  after(async () => cricket.stop());

  const ipsOf = async (id: string) => {
    const { network } = await podStatus(cricket, id);
    return [network?.ip ?? '', ...(network?.additionalIps ?? []).map(({ ip }) => ip)].filter((ip) => ip !== '');
  };

  it('has both families, the primary one first, and keeps them over a restart', async () => {
    const { id } = await runPod(cricket, { name: 'dual' });
    const ips = await ipsOf(id);
    expect(ips.map((ip) => isIPv6(ip))).to.deep.equal([false, true]);
    await cricket.restart();
    expect(await ipsOf(id)).to.deep.equal(ips);
    const { id: next } = await runPod(cricket, { name: 'dual-next' });
    const [, six = ''] = await ipsOf(next);
    expect(six.split('::')[0]).to.equal(ips[1]?.split('::')[0]);
  });

  it('has IPv6 first where the kubelet names that first', async () => {
    const [range = ''] = cricket.range.split('/');
    const podCidr = `fd00:${range.split('.').slice(1, 3).join(':')}::/64,${cricket.range}`;
    await cricket.client.runtime.updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr } } });
    const { id } = await runPod(cricket, { name: 'six-first' });
    expect((await ipsOf(id)).map((ip) => isIPv6(ip))).to.deep.equal([true, false]);
  });

  it('is lo alone where the pod asks for that', async () => {
    const { id } = await runPod(cricket, { name: 'alone', annotations: { 'cricket/network': 'none' } });
    expect(await ipsOf(id)).to.deep.equal([]);
    expect(inside(cricket, id, '-br', 'link')).to.match(/^lo .*\n$/);
    await removePod(cricket, id);
    const wish = { name: 'what', annotations: { 'cricket/network': 'some' } };
    const error = await runPod(cricket, wish).catch((thrown: unknown) => String(thrown));
    expect(error).to.include('INVALID_ARGUMENT').and.include('cricket/network "some": must be none');
  });

  it('has the MAC address that the pod asks for, once', async () => {
    const annotations = { 'cricket/mac-address': '02:00:5E:10:00:01' };
    const { id } = await runPod(cricket, { name: 'mac', annotations });
    expect(inside(cricket, id, 'link', 'show', 'eth0')).to.include('02:00:5e:10:00:01');
    const twice = await runPod(cricket, { name: 'twice', annotations }).catch((thrown: unknown) => String(thrown));
    expect(twice).to.include('ALREADY_EXISTS').and.include(id);
    const wish = { name: 'group', annotations: { 'cricket/mac-address': '01:00:5e:10:00:01' } };
    const group = await runPod(cricket, wish).catch((thrown: unknown) => String(thrown));
    expect(group).to.include('INVALID_ARGUMENT').and.include('unicast');
  });

  it('is the host for a pod on the host, which has no address of its own', async () => {
    const { id } = await runPod(cricket, { name: 'host', namespaces: { network: NamespaceMode.NODE } });
    expect(await ipsOf(id)).to.deep.equal([]);
  });

  it('has the sysctls of the pod, one that turns IPv6 off too', async () => {
    const sysctls = { 'net.ipv6.conf.all.disable_ipv6': '1', 'net.ipv4.ip_unprivileged_port_start': '0' };
    const { id } = await runPod(cricket, { name: 'sysctl', sysctls });
    expect((await ipsOf(id)).map((ip) => isIPv6(ip))).to.deep.equal([false]);
  });
});
