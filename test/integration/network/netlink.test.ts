import { readlinkSync } from 'node:fs';
import { expect } from 'chai';
import { errnoOf } from '../../../src/base/errors.ts';
import { dumpAddresses } from '../../../src/linux/netlink/addresses.ts';
import {
  changeLink,
  createBridge,
  createVeth,
  deleteLink,
  dumpLinks,
  findLink,
} from '../../../src/linux/netlink/links.ts';
import { configurePodLink } from '../../../src/linux/netlink/operations.ts';
import { addDefaultRoute, defaultRouteLink } from '../../../src/linux/netlink/routes.ts';
import { NetlinkSocket } from '../../../src/linux/netlink/socket.ts';
import { insideNetns } from '../../../src/linux/setns.ts';
import { NetworkLab } from './lab.ts';
import type { Pod } from './lab.ts';

const threadNetns = () => readlinkSync('/proc/thread-self/ns/net');

function thrownBy(act: () => void): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('rtnetlink, in a namespace of its own', () => {
  let lab: NetworkLab;
  let pod: Pod;
  let peer: Pod;
  before(async () => {
    lab = await NetworkLab.make();
    [pod, peer] = [await lab.pod(), await lab.pod()];
  });
  after(async () => lab.close());

  const inside = <T>(act: (socket: NetlinkSocket) => T): T =>
    insideNetns(pod.netns, () => {
      using socket = new NetlinkSocket();
      return act(socket);
    });

  it('brings the thread back, also from what fails, and finds lo up there', () => {
    const home = threadNetns();
    expect(insideNetns(pod.netns, threadNetns)).not.to.equal(home);
    expect(threadNetns()).to.equal(home);
    const failed = thrownBy(() =>
      insideNetns(pod.netns, () => {
        throw new Error('inside');
      }),
    );
    expect(String(failed)).to.include('inside');
    expect(threadNetns()).to.equal(home);
    expect(thrownBy(() => insideNetns('/proc/self/status', () => 1))).to.have.property('code', 'internal');
    expect(inside((socket) => dumpLinks(socket)).map(({ name, up }) => [name, up])).to.deep.equal([['lo', true]]);
    expect(inside(dumpAddresses).map(({ address }) => address)).to.deep.equal(['127.0.0.1', '::1']);
  });

  it('makes, changes, renames and deletes a bridge', () => {
    inside((socket) => {
      createBridge(socket, 'crkone', '02:72:00:00:00:07', 1400);
      expect(findLink(socket, 'crkone')).to.include({ mac: '02:72:00:00:00:07', mtu: 1400, up: true, master: 0 });
      expect(errnoOf(thrownBy(() => createBridge(socket, 'crkone', '02:72:00:00:00:07', 1400)))).to.equal('EEXIST');
      changeLink(socket, 'crkone', { up: false, alias: 'ours' });
      changeLink(socket, 'crkone', { rename: 'crktwo' });
      expect(findLink(socket, 'crktwo')).to.include({ up: false, alias: 'ours', mtu: 1400 });
      expect(findLink(socket, 'crkone')).to.equal(undefined);
      expect(deleteLink(socket, 'crktwo')).to.equal(true);
      expect(deleteLink(socket, 'crktwo')).to.equal(false);
    });
  });

  it('puts the pod end up with address and route, and may do so twice', () => {
    inside((socket) => {
      createBridge(socket, 'crkbr', '02:72:00:00:00:07', 1400);
      const master = findLink(socket, 'crkbr')?.index ?? 0;
      const veth = { hostLink: 'ckhost', master, mtu: 1400, mac: '02:63:00:00:00:09' };
      createVeth(socket, { ...veth, netns: peer.netns, ifname: 'eth0' });
      expect(findLink(socket, 'ckhost')?.master).to.equal(master);
    });
    const addresses = [
      { address: '10.199.0.2', prefix: 24, gateway: '10.199.0.1' },
      { address: 'fd00:199::2', prefix: 64, gateway: 'fd00:199::1' },
    ];
    const link = { netns: peer.netns, ifname: 'eth0', addresses };
    for (const _ of [1, 2]) configurePodLink(link);
    insideNetns(peer.netns, () => {
      using socket = new NetlinkSocket();
      const eth0 = findLink(socket, 'eth0');
      expect(eth0).to.include({ mac: '02:63:00:00:00:09', mtu: 1400, up: true });
      expect(defaultRouteLink(socket)).to.equal(eth0?.index);
      expect(defaultRouteLink(socket, 'ipv6')).to.equal(eth0?.index);
      expect(dumpAddresses(socket).map(({ address }) => address)).to.include.members(['10.199.0.2', 'fd00:199::2']);
    });
    expect(thrownBy(() => configurePodLink({ ...link, ifname: 'eth7' }))).to.have.property('code', 'not_found');
  });

  it("tells a refusal by operation, the kernel's own words and errno", () => {
    inside((socket) => {
      const unreachable = thrownBy(() => addDefaultRoute(socket, 1, '192.0.2.77'));
      expect(errnoOf(unreachable)).to.equal('ENETUNREACH');
      expect(String(unreachable)).to.match(/add default route by 192\.0\.2\.77 \(.*gateway.*\): ENETUNREACH/i);
      expect(errnoOf(thrownBy(() => changeLink(socket, 'absent', { up: true })))).to.equal('ENODEV');
    });
  });
});
