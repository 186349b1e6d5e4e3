import { expect } from 'chai';
import type { PodNetwork } from '../../../src/sandbox/network/network.ts';
import { anyOctet, NetworkLab, soon } from './lab.ts';

describe('the built-in network on its host', () => {
  const octet = anyOctet();
  const range = `10.199.${octet}.0/24`;
  let lab: NetworkLab;
  beforeEach(async () => (lab = await NetworkLab.make()));
  afterEach(async () => lab.close());

  const bridge = async () => {
    const survey = await lab.links('surveyLinks', undefined, soon());
    const link = survey.links.find(({ name }) => name === `crk${lab.instance}`);
    const addresses = survey.addresses.filter(({ index }) => index === link?.index);
    return { link, addresses: addresses.map(({ address, prefix }) => `${address}/${prefix}`).toSorted() };
  };

  async function attachOne(network: PodNetwork) {
    const pod = await lab.pod();
    return (await network.attach(pod, soon())).ips[0];
  }

  it('refuses a setting by its name', async () => {
    for (const [more, key] of [
      [{ ranges: ['10.199.0.1/24'] }, 'network.ranges'],
      [{ bridge: 'sixteen-letters-' }, 'network.bridge'],
      [{ bridge: 'a"b' }, 'network.bridge'],
    ] as const) {
      const refused = await lab.open([range], more).catch((error: unknown) => error);
      expect(refused).to.have.property('code', 'invalid_argument');
      expect(String(refused)).to.include(key);
    }
    await lab.open([range]);
  });

  it('keeps the address of its bridge when ports come and go, and the MTU it is given', async () => {
    const network = await lab.open([range], { mtu: 1300 });
    const before = (await bridge()).link;
    await attachOne(network);
    expect((await bridge()).link?.mac).to.equal(before?.mac);
    const { links } = await lab.links('surveyLinks', undefined, soon());
    const mine = links.filter(({ name }) => name === `crk${lab.instance}` || name.startsWith(`ck${lab.instance}`));
    expect(mine.map(({ mtu }) => mtu)).to.deep.equal([1300, 1300]);
    const ports = mine.flatMap(({ name }) => (name.startsWith('ck') ? [name] : []));
    await lab.links('removeLinks', ports, soon());
    expect((await bridge()).link?.mtu).to.equal(1300);
  });

  it('is not ready where another interface has the range, says which, and is as soon as it is free', async () => {
    const first = await NetworkLab.make();
    let network: PodNetwork;
    try {
      await first.open([range]);
      network = await lab.open([`10.199.${octet}.0/25`]);
      const ready = network.ready();
      expect(ready).to.have.property('reason', 'NetworkPrecondition');
      expect(ready).to.have.property('message').that.includes(`10.199.${octet}.1/24 of crk${first.instance}`);
      const refused = await attachOne(network).catch((error: unknown) => error);
      expect(refused).to.have.property('code', 'failed_precondition');
      expect((await bridge()).link).to.equal(undefined);
    } finally {
      await first.close();
    }
    expect(await attachOne(network)).to.equal(`10.199.${octet}.2`);
    expect(network.ready()).to.deep.equal({ ready: true });
  });

  it("takes the kubelet's range for new pods, keeps it, and serves both", async () => {
    const cidr = `10.198.${octet}.0/28`;
    const cidr6 = `fd00:198:0:${octet}::/64`;
    const network = await lab.open([range]);
    expect(await attachOne(network)).to.equal(`10.199.${octet}.2`);
    await network.setPodCidr(`${cidr},${cidr6}`);
    await network.setPodCidr('');
    expect(await attachOne(network)).to.equal(`10.198.${octet}.2`);
    const own = (await bridge()).addresses;
    expect(own).to.include.members([`10.198.${octet}.1/28`, `10.199.${octet}.1/24`, `fd00:198:0:${octet}::1/64`]);
    await network.close();
    const next = await lab.open([range]);
    expect(await attachOne(next)).to.equal(`10.198.${octet}.3`);
    const refused = await next.setPodCidr('10.1.0.0/99').catch((error: unknown) => error);
    expect(refused).to.have.property('code', 'invalid_argument');
  });

  it('goes on where the last daemon stopped, and keeps the gateway of a range that is configured no more', async () => {
    const network = await lab.open([range]);
    const pod = await lab.pod();
    await network.attach(pod, soon());
    await network.detach(pod.id, soon());
    await lab.unpin(pod);
    await network.close();
    const next = await lab.open([range]);
    expect(await attachOne(next)).to.equal(`10.199.${octet}.3`);
    await next.close();
    await lab.open([`10.198.${octet}.0/24`]);
    const left = (await bridge()).addresses.filter((address) => !address.includes(':'));
    expect(left).to.deep.equal([`10.198.${octet}.1/24`, `10.199.${octet}.1/24`]);
  });
});
