import { errorFrom, fail } from '../../base/errors.ts';
import type { InstanceId } from '../../base/ids.ts';
import { inNetwork, ipBytes } from '../../base/ip.ts';
import type { LinkCalls, LinkRunner, Survey } from '../../linux/netlink/calls.ts';
import { listTable, writeTable } from '../../linux/nftables.ts';
import type { ForwardGuard } from './firewalls/forward.ts';
import { bridgeMac } from './names.ts';
import type { NetworkReadiness } from './network.ts';
import type { Served } from './ranges.ts';
import { podTable } from './table.ts';

export interface HostOptions {
  readonly instance: InstanceId;
  readonly bridge: string;
  readonly mtu: number | undefined;
  readonly links: LinkRunner;
  readonly guard: ForwardGuard;
  /** Told once when forwarding of a family had to be turned on. */
  readonly onForwardingEnabled: (family: 'ipv4' | 'ipv6') => Promise<void>;
}

/** Milliseconds that one call of the kernel or of nft may take; the rtnl lock can be held by others for long. */
const callTimeoutMs = 30_000;

/** What all pods share on the host: the bridge with its gateways, forwarding, and the table of their rules. */
export class HostNetwork {
  readonly #options: HostOptions;
  #written: { readonly body: string; readonly listing: string | undefined } | undefined;
  #ready: NetworkReadiness = { ready: false, reason: 'Starting', message: 'the pod network is being set up' };
  #mtu = 1500;

  constructor(options: HostOptions) {
    this.#options = options;
  }

  /** Whether pods can be given a network. */
  get ready(): NetworkReadiness {
    return this.#ready;
  }

  get mtu(): number {
    return this.#mtu;
  }

  /** One of LinkCalls under a deadline of its own: work on the kernel is the daemon's, no request ends it. */
  async call<K extends keyof LinkCalls>(call: K, argument: Parameters<LinkCalls[K]>[0]) {
    return this.#options.links(call, argument, AbortSignal.timeout(callTimeoutMs));
  }

  /**
   * Makes or mends it for these networks and says what was done. Never throws: what is in the way is in `ready`, and
   * the next call tries again.
   */
  async ensure(networks: readonly Served[]): Promise<readonly string[]> {
    try {
      const survey = await this.call('surveyLinks', undefined);
      refuseOverlap(networks, survey, this.#options.bridge);
      const done = await Promise.all([
        this.#ensureBridge(networks, survey),
        this.#ensureTable(networks),
        this.#options.guard.look({ ipv6: networks.some(({ family }) => family === 'ipv6') }),
      ]);
      this.#ready = { ready: true };
      return done.flat();
    } catch (thrown) {
      const error = errorFrom(thrown);
      const reason = error.code === 'failed_precondition' ? 'NetworkPrecondition' : 'NetworkSetupFailed';
      this.#ready = { ready: false, reason, message: error.message };
      return [`the pod network is not ready: ${error.message}`];
    }
  }

  async #ensureBridge(networks: readonly Served[], survey: Survey): Promise<readonly string[]> {
    const { instance, bridge } = this.#options;
    const uplink = survey.links.find(({ index }) => index === (survey.uplink || survey.uplink6));
    this.#mtu = this.#options.mtu ?? uplink?.mtu ?? 1500;
    const gateways = networks.map(({ gateway, prefix }) => ({ address: gateway, prefix }));
    const plan = { name: bridge, mac: bridgeMac(instance), mtu: this.#mtu, gateways };
    const done = (await this.call('ensureBridge', plan)).map((what) => `bridge ${bridge} was ${what}`);
    return [...done, ...(await this.#ensureForwarding(networks.some(({ family }) => family === 'ipv6')))];
  }

  async #ensureForwarding(ipv6: boolean): Promise<readonly string[]> {
    const { onForwardingEnabled } = this.#options;
    const four = await this.call('setForwarding', true);
    if (four) await onForwardingEnabled('ipv4');
    const six = ipv6 ? await this.call('setForwarding6', true) : [];
    if (six.some((what) => what.startsWith('IPv6 forwarding'))) await onForwardingEnabled('ipv6');
    return [...(four ? ['IPv4 forwarding was turned on'] : []), ...six];
  }

  /** nft prints equal tables alike, so any change by others shows in the text. */
  async #ensureTable(networks: readonly Served[]): Promise<readonly string[]> {
    const table = podTable(this.#options.instance, this.#options.bridge, networks);
    const signal = AbortSignal.timeout(callTimeoutMs);
    const written = this.#written;
    if (written?.body === table.body && written.listing === withoutCounts(await listTable(table, signal))) return [];
    await writeTable(table, signal);
    this.#written = { body: table.body, listing: withoutCounts(await listTable(table, signal)) };
    return [`nftables table ${table.name} was written`];
  }
}

const withoutCounts = (listing: string | undefined) => listing?.replaceAll(/packets \d+ bytes \d+/g, '');

/**
 * A network that the bridge does not serve yet must be nobody else's: pods would hide it from the host.
 * A wider network around it (10.0.0.0/8 on an uplink) is common and works, unless its own address is in the range.
 * Errors: `failed_precondition`.
 */
function refuseOverlap(networks: readonly Served[], survey: Survey, bridge: string): void {
  const ours = survey.links.find((link) => link.name === bridge)?.index;
  const present = new Set(survey.addresses.filter(({ index }) => index === ours).map(({ address }) => address));
  for (const network of networks.filter(({ gateway }) => !present.has(gateway)))
    for (const { index, address, prefix } of survey.addresses) {
      if (index === ours || !inNetwork(ipBytes(address), network.base, network.prefix)) continue;
      const name = survey.links.find((link) => link.index === index)?.name ?? `interface ${index}`;
      const key = network.family === 'ipv4' ? 'network.ranges' : 'network.ipv6_range';
      throw fail(
        'failed_precondition',
        `${key} ${network.text} overlaps ${address}/${prefix} of ${name}; choose a range that this host does not use`,
      );
    }
}
