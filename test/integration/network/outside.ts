import { execFileSync } from 'node:child_process';
import { addAddress } from '../../../src/linux/netlink/addresses.ts';
import { changeLink, createVeth, deleteLink, findLink } from '../../../src/linux/netlink/links.ts';
import { NetlinkSocket } from '../../../src/linux/netlink/socket.ts';
import { insideNetns } from '../../../src/linux/setns.ts';
import type { Pod } from './lab.ts';

/** The host as the outside knows it, and the outside. */
export interface Outside extends Disposable {
  readonly host: { readonly ipv4: string; readonly ipv6: string };
  readonly self: { readonly ipv4: string; readonly ipv6: string };
}

/**
 * A namespace that plays the world outside: it knows the host by one address of each family. Only where a test gives
 * it a route does it know a way to pods, so that an answer from it proves masquerade.
 */
export function connectOutside(namespace: Pod, link: string, octet: number): Outside {
  using socket = new NetlinkSocket();
  const plan = { hostLink: link, master: 0, mtu: 1500, mac: '02:63:00:00:00:01' };
  createVeth(socket, { ...plan, netns: namespace.netns, ifname: 'eth0' });
  changeLink(socket, link, { up: true });
  const end = (last: number) => ({ ipv4: `10.198.${octet}.${last}`, ipv6: `fd00:198:${octet}::${last}` });
  const [host, self] = [end(1), end(2)];
  give(socket, link, host);
  insideNetns(namespace.netns, () => {
    using inner = new NetlinkSocket();
    changeLink(inner, 'eth0', { up: true });
    give(inner, 'eth0', self);
  });
  const remove = () => {
    using last = new NetlinkSocket();
    deleteLink(last, link);
  };
  return { host, self, [Symbol.dispose]: remove };
}

function give(socket: NetlinkSocket, link: string, { ipv4, ipv6 }: Outside['host']): void {
  const index = findLink(socket, link)?.index ?? 0;
  addAddress(socket, index, { address: ipv4, prefix: 30 });
  addAddress(socket, index, { address: ipv6, prefix: 64 });
}

/** The outside learns the way to a network of pods, as another node would. */
export function routeFromOutside(namespace: Pod, network: string, gateway: string): void {
  const name = namespace.netns.replace('/run/netns/', '');
  execFileSync('ip', ['-n', name, 'route', 'add', network, 'via', gateway], { stdio: 'pipe' });
}
