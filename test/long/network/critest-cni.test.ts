import { expect } from 'chai';
import { runCritest } from '../../conformance/critest.ts';
import { startSubject } from '../../conformance/subject.ts';
import { CniLab } from '../../integration/cni/lab.ts';

describe('critest on a CNI network', () => {
  const stack = new AsyncDisposableStack();
  after(async function () {
    this.timeout(60_000);
    await stack.disposeAsync();
  });

  it('passes what it has of networks, names and host ports', async function () {
    this.timeout(10 * 60_000);
    const lab = new CniLab();
    stack.defer(async () => lab.stop());
    const portmap = { type: 'portmap', snat: true, capabilities: { portMappings: true } };
    lab.write('10-net.conflist', lab.chain([lab.bridgePlugin({ ipMasq: true }), portmap, { type: 'firewall' }]));
    const { cricket, dir } = await startSubject(stack, { network: lab.network('cni') });

    const specs = await runCritest(cricket.endpoint, dir, [
      '-ginkgo.focus=Networking|DNS|[Pp]ort|PodSandbox|HostNetwork',
    ]);
    const ran = specs.filter(({ state }) => state !== 'skipped');
    expect(ran.filter(({ state }) => state === 'failed').map(({ name, message }) => [name, message])).to.deep.equal([]);
    for (const about of ['DNS config', 'port mapping', 'HostNetwork is true', 'portforward'])
      expect(
        ran.some(({ name }) => name.includes(about)),
        `${about}: ${ran.map(({ name }) => name).join('\n')}`,
      ).to.equal(true);
  });
});
