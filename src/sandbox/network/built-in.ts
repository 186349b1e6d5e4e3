import { waitFor } from '../../base/abort.ts';
import { during, errorFrom, fail } from '../../base/errors.ts';
import type { PodId } from '../../base/ids.ts';
import { ignoreSteps } from '../../base/steps.ts';
import type { ReachStep } from '../../base/steps.ts';
import { KeyedLocks } from '../../base/locks.ts';
import type { AttachPlan } from '../../linux/netlink/calls.ts';
import { Addresses } from './addresses.ts';
import { formatAddress, gatewayOf, parseRange } from './cidr.ts';
import { gateway6Of, parseRange6 } from './cidr6.ts';
import { ForwardGuard } from './firewalls/forward.ts';
import { HostNetwork } from './host.ts';
import type { Lease } from './leases.ts';
import { makerOfNetwork } from './maker.ts';
import { aliasOf, podMac } from './names.ts';
import type { LivePods, MakeWish, NetworkReadiness, NetworkedPod, PodNetwork } from './network.ts';
import { settle } from './open.ts';
import type { BuiltInOptions, Settled } from './open.ts';
import { Pools } from './pools.ts';
import type { PodAddress } from './ports/ports.ts';
import { parsePodCidr } from './ranges.ts';
import type { Served } from './ranges.ts';
import { reconcileLinks } from './reconcile.ts';
import { Releases } from './releases.ts';
import { RuleWatch } from './rule-watch.ts';
import type { NetworkState } from './state.ts';
import { macWish } from './wishes.ts';

export interface BuiltIn extends PodNetwork {
  /** Makes or mends what pods share on the host, and says what it did in one line each. Never throws. */
  ensure(): Promise<readonly string[]>;
}

/**
 * Bridge, veth and addresses over rtnetlink, masquerade over nftables. What is in the way on the host is told by
 * `ready()`, not thrown. Errors: `invalid_argument` naming `network.ranges`, `network.ipv6_range` or `network.bridge`.
 */
export async function openBuiltInNetwork(options: BuiltInOptions): Promise<BuiltIn> {
  const settled = await settle(options);
  const network = new BuiltInNetwork(settled);
  for (const what of await network.ensure()) options.log.info({ what }, 'pod network');
  return network;
}

const neverAborted = new AbortController().signal;

class BuiltInNetwork implements BuiltIn {
  readonly #options: Settled;
  readonly #host: HostNetwork;
  readonly #guard: ForwardGuard;
  readonly #pools: Pools;
  readonly #releases: Releases;
  readonly #addresses: Addresses;
  readonly #locks = new KeyedLocks<PodId | 'host'>();
  readonly #busy = new Set<PodId>();
  readonly #watch: RuleWatch;
  readonly #reach: ReachStep;

  constructor(options: Settled) {
    const { instance, bridge, mtu, links, leases, state, log } = options;
    this.#options = options;
    this.#reach = options.reach ?? ignoreSteps;
    this.#guard = new ForwardGuard(instance, bridge, options.acceptForward ?? false);
    const onForwardingEnabled = async (family: 'ipv4' | 'ipv6') =>
      this.#save(family === 'ipv4' ? { forwardingWasOff: true } : { forwarding6WasOff: true });
    this.#host = new HostNetwork({ instance, bridge, mtu, links, guard: this.#guard, onForwardingEnabled });
    this.#pools = new Pools(options.configured, state.value.podCidr);
    this.#releases = new Releases(this.#host, leases, log);
    this.#watch = new RuleWatch(options, this.#guard, async () => [
      ...(await this.ensure()),
      ...(await options.ports.mend()),
    ]);
    this.#addresses = new Addresses(instance, this.#pools, leases, this.#releases, state.value.last);
  }

  ready(): NetworkReadiness {
    const { ready } = this.#host;
    const message = this.#guard.problem;
    return ready.ready && message !== undefined ? { ready: false, reason: 'ForwardingRefused', message } : ready;
  }

  async ensure(): Promise<readonly string[]> {
    using _ = await this.#locks.acquire('host', neverAborted);
    const isIdle = this.#options.leases.all().length === 0 && this.#releases.size === 0;
    if (isIdle && this.#options.isWanted?.() === false) return [];
    return await this.#host.ensure(this.#served());
  }

  #served(): readonly Served[] {
    return this.#pools.served(this.#options.leases.all());
  }

  describe(pod: PodId): object | undefined {
    const lease = this.#options.leases.of(pod);
    if (lease === undefined) return undefined;
    return { kind: 'built-in', bridge: this.#options.bridge, hostLink: lease.link, mac: lease.mac };
  }

  async attach(pod: NetworkedPod, signal: AbortSignal): Promise<{ readonly ips: readonly string[] }> {
    const mac = macWish(pod.config);
    return waitFor(
      this.#exclusively(pod.id, async () => {
        // An obstacle in another's firewall is told, but pods still reach each other and the host.
        if (!this.#host.ready.ready) await this.ensure();
        const state = this.#host.ready;
        if (!state.ready) throw fail('failed_precondition', `network of pod ${pod.id}: ${state.message}`);
        await this.#options.ports.reserve(pod);
        this.#reach('run-pod:net-reserved');
        const known = this.#leaseOf(pod.id, mac);
        const wish = { ipv6: wantsIpv6(pod), mac };
        const { lease, file } =
          known === undefined ? await this.#addresses.take(pod.id, wish) : { lease: known, file: undefined };
        this.#releases.cancel(lease);
        const addresses = this.#addressesOf(lease);
        const ips = addresses.map(({ ip }) => ip);
        const records = file === undefined ? [] : [{ file, step: 'run-pod:net-leased' as const }];
        await this.#make(pod, { records, link: this.#plan(lease, pod.netns), ips });
        await this.#options.ports.open(pod.id, addresses);
        return { ips };
      }),
      signal,
    );
  }

  /** Errors: `already_exists` where another pod has the MAC address. */
  #leaseOf(pod: PodId, mac: string | undefined): Lease | undefined {
    const { leases } = this.#options;
    const holder = mac === undefined ? undefined : leases.all().find((lease) => lease.mac === mac && lease.pod !== pod);
    if (holder !== undefined)
      throw fail('already_exists', `network of pod ${pod}: MAC address ${mac} is pod ${holder.pod}'s; choose another`);
    return leases.of(pod);
  }

  #addressesOf({ address, range, address6, range6 }: Lease): readonly PodAddress[] {
    const four = { ip: formatAddress(address), prefix: parseRange(range, 'leased range').prefix };
    if (address6 === '') return [four];
    const six = { ip: address6, prefix: parseRange6(range6, 'leased range').prefix };
    return this.#pools.ipv6First ? [six, four] : [four, six];
  }

  /** The link once more where somebody had deleted the bridge: what comes before it is there by then. */
  async #make(pod: NetworkedPod, wish: MakeWish & { readonly link: AttachPlan }): Promise<void> {
    const attachLink = async (plan: AttachPlan) => this.#host.call('attachLink', plan);
    const maker = pod.maker ?? makerOfNetwork(attachLink);
    try {
      await maker.make(wish);
    } catch (error) {
      if (errorFrom(error).code !== 'unavailable') throw during(`network of pod ${pod.id}`, error);
      await this.ensure();
      await attachLink(wish.link);
    }
  }

  #plan(lease: Lease, netns: string): AttachPlan {
    const gateways = {
      ipv4: formatAddress(gatewayOf(parseRange(lease.range, 'leased range'))),
      ipv6: lease.range6 === '' ? '' : gateway6Of(parseRange6(lease.range6, 'leased range')),
    };
    const addresses = this.#addressesOf(lease).map(({ ip, prefix }) => {
      return { address: ip, prefix, gateway: gateways[ip.includes(':') ? 'ipv6' : 'ipv4'] };
    });
    const { bridge } = this.#options;
    const { link: hostLink } = lease;
    const mac = lease.mac || podMac(lease.address);
    return { netns, ifname: 'eth0', bridge, hostLink, alias: aliasOf(lease), mac, mtu: this.#host.mtu, addresses };
  }

  async detach(pod: PodId, signal: AbortSignal): Promise<void> {
    await waitFor(
      this.#exclusively(pod, async () => {
        await this.#options.ports.release(pod);
        this.#reach('stop-pod:net-closed');
        const lease = this.#options.leases.of(pod);
        if (lease === undefined) return;
        const gone = await this.#host.call('detachLink', lease.link);
        this.#reach('stop-pod:net-detached');
        if (!gone) {
          this.#releases.add(lease);
          return;
        }
        this.#releases.cancel(lease);
        await this.#options.leases.drop(lease);
      }),
      signal,
    );
  }

  /** The work goes on when its caller leaves; the next one for this pod comes after it. */
  async #exclusively<T>(pod: PodId, work: () => Promise<T>): Promise<T> {
    using _ = await this.#locks.acquire(pod, neverAborted);
    this.#busy.add(pod);
    try {
      return await work();
    } finally {
      this.#busy.delete(pod);
    }
  }

  async setPodCidr(cidr: string): Promise<void> {
    const given = parsePodCidr(cidr);
    if ((given.ipv4 ?? given.ipv6) === undefined || cidr === this.#options.state.value.podCidr) return;
    await this.#save({ podCidr: cidr });
    this.#pools.podCidr = cidr;
    for (const what of await this.ensure()) this.#options.log.info({ what }, 'pod network');
  }

  async reconcile(live: LivePods, signal: AbortSignal): Promise<readonly string[]> {
    const { instance, bridge, leases, ports } = this.#options;
    const scope = {
      ...{ instance, bridge, leases, host: this.#host },
      busy: (pod: PodId) => this.#busy.has(pod) || this.#releases.has(pod),
      detach: (pod: PodId) => this.detach(pod, neverAborted),
    };
    const work = async () => {
      const mended = [...(await this.ensure()), ...(await ports.reconcile(live))];
      if (!this.#host.ready.ready) return mended;
      const all = leases.all();
      const ranges = { ranges: this.#pools.ranges4With(all), ranges6: this.#pools.ranges6With(all) };
      return [...mended, ...(await reconcileLinks({ ...scope, ...ranges }, live))];
    };
    return waitFor(work(), signal);
  }

  async #save(change: Partial<NetworkState>): Promise<void> {
    const { state } = this.#options;
    await state.set({ ...state.value, ...change });
  }

  async close(): Promise<void> {
    this.#watch[Symbol.dispose]();
    this.#releases.close();
    try {
      await this.#save({ last: this.#addresses.last() });
    } catch (error) {
      // Only the turn of the addresses is lost; a full disk must not keep a daemon from ending.
      this.#options.log.warn({ error: errorFrom(error).message }, 'cannot write the state of the pod network');
    }
  }
}

/** A pod may turn it off for itself; the kernel then refuses an address. */
function wantsIpv6({ config }: NetworkedPod): boolean {
  return !['all', 'default'].some((scope) => config.sysctls[`net.ipv6.conf.${scope}.disable_ipv6`] === '1');
}
