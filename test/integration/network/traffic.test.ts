import { expect } from 'chai';
import { addAddress } from '../../../src/linux/netlink/addresses.ts';
import { changeLink, createVeth, deleteLink, findLink } from '../../../src/linux/netlink/links.ts';
import { NetlinkSocket } from '../../../src/linux/netlink/socket.ts';
import { insideNetns } from '../../../src/linux/setns.ts';
import { anyOctet, NetworkLab, soon } from './lab.ts';
import type { Pod } from './lab.ts';
import { person } from './person.ts';
import type { Person } from './person.ts';

/**
 * A namespace that plays the world outside: it knows the host by one address and has no route to any pod, so that an
 * answer from it proves masquerade.
 */
function connectOutside(outside: Pod, link: string, octet: number): void {
  using socket = new NetlinkSocket();
  const plan = { hostLink: link, master: 0, mtu: 1500, mac: '02:63:00:00:00:01' };
  createVeth(socket, { ...plan, netns: outside.netns, ifname: 'eth0' });
  changeLink(socket, link, { up: true });
  addAddress(socket, findLink(socket, link)?.index ?? 0, { address: `10.198.${octet}.1`, prefix: 30 });
  insideNetns(outside.netns, () => {
    using inner = new NetlinkSocket();
    changeLink(inner, 'eth0', { up: true });
    addAddress(inner, findLink(inner, 'eth0')?.index ?? 0, { address: `10.198.${octet}.2`, prefix: 30 });
  });
}

describe('traffic of the built-in network', () => {
  const octet = anyOctet();
  const gateway = `10.199.${octet}.1`;
  const outsideLink = `ckx${octet}`;
  let lab: NetworkLab;
  let people: Record<'a' | 'b' | 'host' | 'outside', Person>;
  let ips: Record<'a' | 'b', string>;

  before(async () => {
    lab = await NetworkLab.make();
    const network = await lab.open([`10.199.${octet}.0/24`]);
    expect(network.ready()).to.deep.equal({ ready: true });
    const [a, b, outside] = [await lab.pod(), await lab.pod(), await lab.pod()];
    connectOutside(outside, outsideLink, octet);
    const [atA, atB] = await Promise.all([a, b].map((pod) => network.attach(pod, soon())));
    ips = { a: atA?.ips[0] ?? '', b: atB?.ips[0] ?? '' };
    people = {
      a: await person(a.netns),
      b: await person(b.netns),
      host: await person(undefined),
      outside: await person(outside.netns),
    };
  });

  after(async () => {
    await Promise.all(Object.values(people).map((one) => one[Symbol.asyncDispose]()));
    using socket = new NetlinkSocket();
    deleteLink(socket, outsideLink);
    await lab.close();
  });

  it('gives each pod an address of the range', () => {
    expect([ips.a, ips.b].toSorted()).to.deep.equal([`10.199.${octet}.2`, `10.199.${octet}.3`]);
  });

  it('goes from pod to pod, unchanged, both ways', async () => {
    expect(await people.a.ask(ips.b)).to.equal(ips.a);
    expect(await people.b.ask(ips.a)).to.equal(ips.b);
  });

  it('goes from a pod to itself and to its loopback', async () => {
    expect(await people.a.ask(ips.a)).to.equal(ips.a);
    expect(await people.a.ask('127.0.0.1')).to.equal('127.0.0.1');
  });

  it('goes from the host to a pod, from the gateway address', async () => {
    expect(await people.host.ask(ips.a)).to.equal(gateway);
  });

  it('goes from a pod to the host under any of its addresses, unchanged', async () => {
    for (const address of [gateway, `10.198.${octet}.1`]) expect(await people.a.ask(address)).to.equal(ips.a);
  });

  it('goes from a pod to the outside under the address of the host', async () => {
    expect(await people.a.ask(`10.198.${octet}.2`)).to.equal(`10.198.${octet}.1`);
  });

  it('is masqueraded for good reason: the outside has no way to a pod of its own', async () => {
    const refused = await people.outside.ask(ips.a).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(Error);
  });
});
