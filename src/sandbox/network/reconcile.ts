import type { LivePods } from './network.ts';
import { isIP } from 'node:net';
import type { InstanceId, PodId } from '../../base/ids.ts';
import { inNetwork, ipBytes } from '../../base/ip.ts';
import type { Link } from '../../linux/netlink/calls.ts';
import { contains, formatAddress } from './cidr.ts';
import type { Range } from './cidr.ts';
import type { Range6 } from './cidr6.ts';
import type { HostNetwork } from './host.ts';
import type { Lease, Leases } from './leases.ts';
import { linkPrefix, parseAlias } from './names.ts';

export interface ReconcileScope {
  readonly instance: InstanceId;
  readonly bridge: string;
  readonly host: HostNetwork;
  readonly leases: Leases;
  readonly ranges: readonly Range[];
  readonly ranges6: readonly Range6[];
  /** Pods that are being attached or are on their way out: theirs are left alone. */
  readonly busy: (pod: PodId) => boolean;
  /** Detaches a pod that holds a lease. */
  readonly detach: (pod: PodId) => Promise<void>;
}

/** Compares leases, links and live pods, makes them agree, and says what it did in one line each. */
export async function reconcileLinks(scope: ReconcileScope, live: LivePods): Promise<readonly string[]> {
  const stale = scope.leases.all().filter(({ pod }) => !live.has(pod) && !scope.busy(pod));
  const { links } = await scope.host.call('surveyLinks', undefined);
  const ours = links.filter((link) => link.name.startsWith(linkPrefix(scope.instance)));
  return [
    ...(await adoptOrDelete(scope, live, ours)),
    ...(await releaseStale(scope, stale)),
    ...(await freeDamaged(scope, ours)),
    ...(await rejoin(scope, live, links)),
  ];
}

/** A link without a lease: a live pod's lease was lost and is written anew, any other link goes; but a newer version's stays. */
async function adoptOrDelete(scope: ReconcileScope, live: LivePods, ours: readonly Link[]) {
  const leased = new Set(scope.leases.all().map((lease) => lease.link));
  const findings: string[] = [];
  for (const link of ours.filter(({ name }) => !leased.has(name))) {
    const owner = parseAlias(link.alias);
    if (owner === undefined ? link.alias !== '' : scope.leases.isNewer(owner.address)) continue;
    if (owner !== undefined && live.has(owner.pod)) {
      const range = scope.ranges.find((candidate) => contains(candidate, owner.address));
      if (scope.leases.of(owner.pod) !== undefined || range === undefined) continue;
      const range6 = scope.ranges6.find(({ base, prefix }) => lies(owner.address6, base, prefix))?.text ?? '';
      const address6 = range6 === '' ? '' : owner.address6;
      // The MAC address is the pod's end's, which a complete link has already.
      await scope.leases.add({ ...owner, address6, range6, range: range.text, link: link.name, mac: '' });
      findings.push(`address ${formatAddress(owner.address)} of pod ${owner.pod} was read back from link ${link.name}`);
    } else {
      await scope.host.call('removeLinks', [link.name]);
      findings.push(`link ${link.name} belonged to no pod and was deleted`);
    }
  }
  return findings;
}

const lies = (address: string, base: Buffer, prefix: number): boolean =>
  isIP(address) !== 0 && inNetwork(ipBytes(address), base, prefix);

async function releaseStale(scope: ReconcileScope, stale: readonly Lease[]) {
  for (const { pod } of stale) await scope.detach(pod);
  return stale.map(
    ({ pod, address }) => `address ${formatAddress(address)} of pod ${pod}, which is gone, was released`,
  );
}

/** Only a link that is there can use such an address, and it says so in its alias. */
async function freeDamaged(scope: ReconcileScope, ours: readonly Link[]) {
  const used = new Set(ours.map((link) => parseAlias(link.alias)?.address));
  const free = scope.leases.damaged().filter((address) => !used.has(address));
  await Promise.all(free.map((address) => scope.leases.dropDamaged(address)));
  return free.map((address) => `the damaged lease of ${formatAddress(address)}, which no link uses, was deleted`);
}

/** After a bridge was deleted and made again its ports are astray. */
async function rejoin(scope: ReconcileScope, live: LivePods, links: readonly Link[]) {
  const held = scope.leases.all().filter(({ pod }) => live.has(pod) && !scope.busy(pod));
  const master = links.find((link) => link.name === scope.bridge)?.index;
  const byName = new Map(links.map((link) => [link.name, link]));
  const astray = held.filter(({ link }) => {
    const found = byName.get(link);
    return found !== undefined && (found.master !== master || !found.up);
  });
  const lost = held.filter(({ link }) => !byName.has(link));
  const back = await scope.host.call('rejoinLinks', { bridge: scope.bridge, links: astray.map(({ link }) => link) });
  return [
    ...back.map((name) => `link ${name} was put back on bridge ${scope.bridge}`),
    ...lost.map(({ pod, link }) => `pod ${pod} has lost its link ${link}; it must be recreated`),
  ];
}
