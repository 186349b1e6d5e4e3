import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '../../base/abort.ts';
import { makePrivateDirectory } from '../../base/checkpoint.ts';
import { during, errorFrom, fail } from '../../base/errors.ts';
import type { InstanceId, PodId } from '../../base/ids.ts';
import { KeyedLocks } from '../../base/locks.ts';
import type { Logger } from '../../base/log.ts';
import type { AttachPlan, LinkRunner } from '../../linux/netlink/calls.ts';
import { Addresses } from './addresses.ts';
import { formatAddress, gatewayOf, parseRange } from './cidr.ts';
import type { Range } from './cidr.ts';
import { HostNetwork, withLeased } from './host.ts';
import { Leases } from './leases.ts';
import type { Lease } from './leases.ts';
import { aliasOf, bridgeName, podMac } from './names.ts';
import type { NetworkReadiness, NetworkedPod, PodNetwork } from './network.ts';
import { orderedRanges, parsePodCidr, parseRanges } from './ranges.ts';
import { reconcileLinks } from './reconcile.ts';
import { Releases } from './releases.ts';
import { loadNetworkState, saveNetworkState } from './state.ts';
import type { NetworkState } from './state.ts';

export interface BuiltInOptions {
  readonly instance: InstanceId;
  /** The state directory; `network/` in it is ours. */
  readonly root: string;
  /** `network.ranges`, IPv4 prefixes. */
  readonly ranges: readonly string[];
  /** Default `crk<instance>`, at most 15 bytes. */
  readonly bridge?: string;
  /** Default: that of the interface of the default route, else 1500. */
  readonly mtu?: number;
  readonly log: Logger;
  /** Whether new pods get this network. While they do not, nothing is made on the host but for pods that have it. */
  readonly isWanted?: () => boolean;
  /** Runs LinkCalls in the namespace Worker. */
  readonly links: LinkRunner;
}

export interface BuiltIn extends PodNetwork {
  /** Makes or mends what pods share on the host, and says what it did in one line each. Never throws. */
  ensure(): Promise<readonly string[]>;
}

/**
 * Bridge, veth and IPv4 addresses over rtnetlink, masquerade over nftables. What is in the way on the host is told by
 * `ready()`, not thrown. Errors: `invalid_argument` naming `network.ranges` or `network.bridge`.
 */
export async function openBuiltInNetwork(options: BuiltInOptions): Promise<BuiltIn> {
  const configured = parseRanges(options.ranges);
  const bridge = options.bridge ?? bridgeName(options.instance);
  if (!/^[^\s/:"]{1,15}$/.test(bridge))
    throw fail(
      'invalid_argument',
      `network.bridge ${JSON.stringify(bridge)}: must be an interface name of 1 to 15 bytes`,
    );
  const directory = join(options.root, 'network');
  await makePrivateDirectory(directory);
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const leases = await Leases.open(join(directory, 'leases'), boot);
  const state = await loadNetworkState(directory, options.log);
  const network = new BuiltInNetwork({ ...options, bridge, directory, configured }, leases, state);
  for (const what of await network.ensure()) options.log.info({ what }, 'pod network');
  return network;
}

interface Settled extends BuiltInOptions {
  readonly bridge: string;
  readonly directory: string;
  readonly configured: readonly Range[];
}

const neverAborted = new AbortController().signal;

class BuiltInNetwork implements BuiltIn {
  readonly #options: Settled;
  readonly #leases: Leases;
  readonly #host: HostNetwork;
  readonly #releases: Releases;
  readonly #addresses: Addresses;
  readonly #locks = new KeyedLocks<PodId | 'host'>();
  readonly #busy = new Set<PodId>();
  #state: NetworkState;

  constructor(options: Settled, leases: Leases, state: NetworkState) {
    const { instance, bridge, mtu, links, configured, log } = options;
    this.#options = options;
    this.#leases = leases;
    this.#state = state;
    this.#host = new HostNetwork({
      instance,
      bridge,
      mtu,
      links,
      onForwardingEnabled: () => this.#forwardingEnabled(),
    });
    this.#releases = new Releases(this.#host, leases, log);
    const ranges = orderedRanges(parsePodCidr(state.podCidr), configured);
    this.#addresses = new Addresses(instance, ranges, leases, this.#releases, state.last);
  }

  ready(): NetworkReadiness {
    return this.#host.ready;
  }

  async ensure(): Promise<readonly string[]> {
    using _ = await this.#locks.acquire('host', neverAborted);
    const isIdle = this.#leases.all().length === 0 && this.#releases.size === 0;
    if (isIdle && this.#options.isWanted?.() === false) return [];
    return await this.#host.ensure(this.#served());
  }

  /** The ranges in use, and those that are configured no more but have pods. */
  #served(): readonly Range[] {
    return withLeased(
      this.#addresses.ranges,
      this.#leases.all().map((lease) => lease.range),
    );
  }

  describe(pod: PodId): object | undefined {
    const lease = this.#leases.of(pod);
    return lease === undefined ? undefined : { kind: 'built-in', bridge: this.#options.bridge, hostLink: lease.link };
  }

  async attach(
    { id: pod, netns, config }: NetworkedPod,
    signal: AbortSignal,
  ): Promise<{ readonly ips: readonly string[] }> {
    if (config.ports.length > 0)
      throw fail('unimplemented', 'config.port_mappings.host_port is not implemented for the built-in network');
    return waitFor(
      this.#exclusively(pod, async () => {
        if (!this.#host.ready.ready) await this.ensure();
        const state = this.#host.ready;
        if (!state.ready) throw fail('failed_precondition', `network of pod ${pod}: ${state.message}`);
        const lease = this.#leases.of(pod) ?? (await this.#addresses.take(pod));
        this.#releases.cancel(lease);
        await this.#link(lease, netns);
        return { ips: [formatAddress(lease.address)] };
      }),
      signal,
    );
  }

  /** Once more where somebody had deleted the bridge. */
  async #link(lease: Lease, netns: string): Promise<void> {
    const plan = this.#plan(lease, netns);
    try {
      await this.#host.call('attachLink', plan);
    } catch (error) {
      if (errorFrom(error).code !== 'unavailable') throw during(`network of pod ${lease.pod}`, error);
      await this.ensure();
      await this.#host.call('attachLink', plan);
    }
  }

  #plan(lease: Lease, netns: string): AttachPlan {
    const range = parseRange(lease.range, 'leased range');
    return {
      netns,
      ifname: 'eth0',
      bridge: this.#options.bridge,
      hostLink: lease.link,
      alias: aliasOf(lease.pod, lease.address),
      mac: podMac(lease.address),
      mtu: this.#host.mtu,
      address: formatAddress(lease.address),
      prefix: range.prefix,
      gateway: formatAddress(gatewayOf(range)),
    };
  }

  async detach(pod: PodId, signal: AbortSignal): Promise<void> {
    await waitFor(
      this.#exclusively(pod, async () => {
        const lease = this.#leases.of(pod);
        if (lease === undefined) return;
        const gone = await this.#host.call('detachLink', lease.link);
        if (!gone) {
          this.#releases.add(lease);
          return;
        }
        this.#releases.cancel(lease);
        await this.#leases.drop(lease);
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
    const range = parsePodCidr(cidr);
    if (range === undefined || range.text === parsePodCidr(this.#state.podCidr)?.text) return;
    await this.#save({ podCidr: range.text });
    this.#addresses.ranges = orderedRanges(range, this.#options.configured);
    for (const what of await this.ensure()) this.#options.log.info({ what }, 'pod network');
  }

  async reconcile(live: ReadonlySet<PodId>, signal: AbortSignal): Promise<readonly string[]> {
    const { instance, bridge } = this.#options;
    const scope = {
      instance,
      bridge,
      host: this.#host,
      leases: this.#leases,
      busy: (pod: PodId) => this.#busy.has(pod) || this.#releases.has(pod),
      detach: (pod: PodId) => this.detach(pod, neverAborted),
    };
    const work = async () => {
      const mended = await this.ensure();
      if (!this.#host.ready.ready) return mended;
      return [...mended, ...(await reconcileLinks({ ...scope, ranges: this.#served() }, live))];
    };
    return waitFor(work(), signal);
  }

  async #forwardingEnabled(): Promise<void> {
    await this.#save({ forwardingWasOff: true });
  }

  async #save(change: Partial<NetworkState>): Promise<void> {
    this.#state = { ...this.#state, ...change };
    await saveNetworkState(this.#options.directory, this.#state);
  }

  async close(): Promise<void> {
    this.#releases.close();
    try {
      await this.#save({ last: this.#addresses.last() });
    } catch (error) {
      // Only the turn of the addresses is lost; a full disk must not keep a daemon from ending.
      this.#options.log.warn({ error: errorFrom(error).message }, 'cannot write the state of the pod network');
    }
  }
}
