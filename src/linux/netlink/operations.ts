import { insideNetns } from '../setns.ts';
import { addAddress, dumpAddresses, removeAddress } from './addresses.ts';
import type { AttachPlan, BridgePlan, InterfaceAddress, LinkCalls, PodLink } from './calls.ts';
import { changeLink, createBridge, createVeth, deleteLink, dumpLinks, existed, findLink, linkIndex } from './links.ts';
import { forgetFlows } from './conntrack.ts';
import { allowLoopback, hasIpv6, quietIpv6, setForwarding, setForwarding6 } from './forwarding.ts';
import { addDefaultRoute, defaultRouteLink, linkTowards } from './routes.ts';
import { listeners, socketOwner } from './sockets.ts';
import { NetlinkSocket } from './socket.ts';
import { errnoOf, fail } from '../../base/errors.ts';

/**
 * The tasks of the Worker that keeps the links of the network namespace its thread is in now. The socket is opened
 * with the first call and lives as long as the thread: call it while the thread is on the host's network.
 */
export function linkCalls(): LinkCalls {
  let opened: NetlinkSocket | undefined;
  const socket = () => (opened ??= new NetlinkSocket());
  return {
    surveyLinks: () => ({
      links: dumpLinks(socket()),
      addresses: dumpAddresses(socket()),
      uplink: defaultRouteLink(socket()),
      uplink6: defaultRouteLink(socket(), 'ipv6'),
      ipv6: hasIpv6(),
    }),
    ensureBridge: (plan) => ensureBridge(socket(), plan),
    attachLink: (plan) => attachLink(socket(), plan),
    detachLink: (name) => !existed(() => changeLink(socket(), name, { master: 0, up: false })),
    setForwarding,
    setForwarding6: (on) => setForwarding6(on, dumpLinks(socket()), defaultRouteLink(socket(), 'ipv6')),
    rejoinLinks: ({ bridge, links }) => rejoinLinks(socket(), bridge, links),
    removeLinks: (names) => names.forEach((name) => deleteLink(socket(), name)),
    existingLinks: (names) => names.filter((name) => findLink(socket(), name) !== undefined),
    allowLoopback: (addresses) => {
      const ways = new Set(addresses.map((address) => linkTowards(socket(), address)));
      for (const { name, index } of dumpLinks(socket())) if (ways.has(index)) allowLoopback(name);
    },
    listeners,
    socketOwner,
    forgetFlows: (flows) => forgetFlows(flows, new Set(dumpAddresses(socket()).map(({ address }) => address))),
  };
}

/** Brings `lo` up in the calling thread's network namespace, which gives it its addresses too. */
export function bringLoopbackUp(): void {
  using socket = new NetlinkSocket();
  changeLink(socket, 'lo', { up: true });
}

function ensureBridge(socket: NetlinkSocket, plan: BridgePlan): readonly string[] {
  const done: string[] = [];
  if (findLink(socket, plan.name) === undefined) {
    createBridge(socket, plan.name, plan.mac, plan.mtu);
    done.push('made');
  }
  const bridge = findLink(socket, plan.name);
  if (bridge === undefined) throw fail('unavailable', `bridge ${plan.name} was deleted while being made, try again`);
  if (!bridge.up) {
    changeLink(socket, plan.name, { up: true });
    done.push('brought up');
  }
  if (bridge.mtu !== plan.mtu) {
    changeLink(socket, plan.name, { mtu: plan.mtu });
    done.push(`given MTU ${plan.mtu}`);
  }
  if (plan.gateways.some(({ address }) => address.includes(':'))) quietIpv6(plan.name);
  const present = dumpAddresses(socket).filter((address) => address.index === bridge.index);
  for (const gateway of missing(plan.gateways, present)) {
    addAddress(socket, bridge.index, gateway);
    done.push(`given ${gateway.address}/${gateway.prefix}`);
  }
  for (const address of missing(present, plan.gateways)) {
    removeAddress(socket, bridge.index, address);
    done.push(`rid of ${address.address}/${address.prefix}`);
  }
  return done;
}

/** Those of `wanted` that are not in `present`. */
function missing(wanted: readonly InterfaceAddress[], present: readonly InterfaceAddress[]): InterfaceAddress[] {
  return wanted.filter(
    ({ address, prefix }) => !present.some((other) => other.address === address && other.prefix === prefix),
  );
}

function rejoinLinks(socket: NetlinkSocket, bridge: string, links: readonly string[]): readonly string[] {
  const master = findLink(socket, bridge)?.index;
  if (master === undefined) throw fail('unavailable', `bridge ${bridge} is gone`);
  return links.filter((name) => {
    const link = findLink(socket, name);
    if (link === undefined || (link.master === master && link.up)) return false;
    // Two requests: a port's mode can only be set where there is a port.
    if (!existed(() => changeLink(socket, name, { master, up: true }))) return false;
    return existed(() => changeLink(socket, name, { hairpin: true }));
  });
}

function attachLink(socket: NetlinkSocket, plan: AttachPlan): void {
  const master = linkIndex(plan.bridge);
  if (master === 0) throw fail('unavailable', `attach ${plan.hostLink}: bridge ${plan.bridge} is gone`);
  const veth = { ...plan, master };
  try {
    createVeth(socket, veth);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    const before = findLink(socket, plan.hostLink);
    if (before === undefined) throw error;
    // A link without its pod end here is a pair that an earlier namespace of this pod still holds.
    if (before.alias !== plan.alias || !hasEnd(plan)) {
      deleteLink(socket, plan.hostLink);
      createVeth(socket, veth);
    }
  }
  configurePodLink(plan);
  // The port forwards within a millisecond from now, when the kernel's link watch has run; no container is that fast.
  changeLink(socket, plan.hostLink, { alias: plan.alias, hairpin: true, master, up: true });
}

function hasEnd(plan: PodLink): boolean {
  return insideNetns(plan.netns, () => {
    using socket = new NetlinkSocket();
    return findLink(socket, plan.ifname) !== undefined;
  });
}

/**
 * Sets up the pod's end in the namespace pinned at `netns`: up, addresses, default routes. For a Worker's thread, which
 * goes there and back. Repeating it is fine. Errors: `not_found` if the interface or the namespace is absent.
 */
export function configurePodLink(link: PodLink): void {
  insideNetns(link.netns, () => {
    using socket = new NetlinkSocket();
    const index = linkIndex(link.ifname);
    if (index === 0) throw fail('not_found', `configure ${link.ifname} in ${link.netns}: no such interface`);
    if (link.addresses.some(({ address }) => address.includes(':'))) quietIpv6(link.ifname);
    changeLink(socket, link.ifname, { up: true });
    for (const address of link.addresses) {
      addAddress(socket, index, address);
      addDefaultRoute(socket, index, address.gateway);
    }
  });
}
