import { errorFrom, fail } from '../../base/errors.ts';
import type { InstanceId } from '../../base/ids.ts';
import type { LinkCalls, LinkRunner, Survey } from '../../linux/netlink/calls.ts';
import { listTable, writeTable } from '../../linux/nftables.ts';
import type { NftTable } from '../../linux/nftables.ts';
import { contains, formatAddress, gatewayOf, parseAddress, parseRange } from './cidr.ts';
import type { Range } from './cidr.ts';
import { bridgeMac, tableName } from './names.ts';
import type { NetworkReadiness } from './network.ts';

export interface HostOptions {
  readonly instance: InstanceId;
  readonly bridge: string;
  readonly mtu: number | undefined;
  readonly links: LinkRunner;
  /** Told once when IPv4 forwarding had to be turned on. */
  readonly onForwardingEnabled: () => Promise<void>;
}

/** Milliseconds that one call of the kernel or of nft may take; the rtnl lock can be held by others for long. */
const callTimeoutMs = 30_000;

/** What all pods share on the host: the bridge with its gateways, forwarding, and the table that masquerades. */
export class HostNetwork {
  readonly #options: HostOptions;
  #written: { readonly body: string; readonly listing: string | undefined } | undefined;
  #ready: NetworkReadiness = { ready: false, reason: 'Starting', message: 'the pod network is being set up' };
  #mtu = 1500;

  constructor(options: HostOptions) {
    this.#options = options;
  }

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
   * Makes or mends it for these ranges and says what was done. Never throws: what is in the way is in `ready`, and the
   * next call tries again.
   */
  async ensure(ranges: readonly Range[]): Promise<readonly string[]> {
    try {
      const survey = await this.call('surveyLinks', undefined);
      refuseOverlap(ranges, survey, this.#options.bridge);
      const done = [...(await this.#ensureBridge(ranges, survey)), ...(await this.#ensureTable(ranges))];
      this.#ready = { ready: true };
      return done;
    } catch (thrown) {
      const error = errorFrom(thrown);
      const reason = error.code === 'failed_precondition' ? 'NetworkPrecondition' : 'NetworkSetupFailed';
      this.#ready = { ready: false, reason, message: error.message };
      return [`the pod network is not ready: ${error.message}`];
    }
  }

  async #ensureBridge(ranges: readonly Range[], survey: Survey): Promise<readonly string[]> {
    const { instance, bridge } = this.#options;
    const uplink = survey.links.find((link) => link.index === survey.uplink);
    this.#mtu = this.#options.mtu ?? uplink?.mtu ?? 1500;
    const gateways = ranges.map((range) => ({ address: formatAddress(gatewayOf(range)), prefix: range.prefix }));
    const plan = { name: bridge, mac: bridgeMac(instance), mtu: this.#mtu, gateways };
    const done = (await this.call('ensureBridge', plan)).map((what) => `bridge ${bridge} was ${what}`);
    if (!(await this.call('setForwarding', true))) return done;
    await this.#options.onForwardingEnabled();
    return [...done, 'IPv4 forwarding was turned on'];
  }

  /** nft prints equal tables alike, so any change by others shows in the text. */
  async #ensureTable(ranges: readonly Range[]): Promise<readonly string[]> {
    const table = masquerade(this.#options.instance, this.#options.bridge, ranges);
    const signal = AbortSignal.timeout(callTimeoutMs);
    const written = this.#written;
    if (written?.body === table.body && written.listing === (await listTable(table, signal))) return [];
    await writeTable(table, signal);
    this.#written = { body: table.body, listing: await listTable(table, signal) };
    return [`nftables table ${table.name} was written`];
  }
}

/** Pods leave the node under its address; what stays on the bridge, and multicast, keeps its own. */
function masquerade(instance: InstanceId, bridge: string, ranges: readonly Range[]): NftTable {
  const body = `
    set pods {
      type ipv4_addr
      flags interval
      auto-merge
      elements = { ${ranges.map((range) => range.text).join(', ')} }
    }
    chain postrouting {
      type nat hook postrouting priority srcnat; policy accept;
      ip saddr @pods ip daddr != 224.0.0.0/4 oifname != "${bridge}" masquerade fully-random
    }`;
  return { family: 'ip', name: tableName(instance), body };
}

/**
 * A range that the bridge does not serve yet must be nobody else's: pods would hide that network from the host.
 * A wider network around it (10.0.0.0/8 on an uplink) is common and works, unless its own address is in the range.
 * Errors: `failed_precondition`.
 */
function refuseOverlap(ranges: readonly Range[], survey: Survey, bridge: string): void {
  const ours = survey.links.find((link) => link.name === bridge)?.index;
  const served = new Set(survey.addresses.filter(({ index }) => index === ours).map(({ address }) => address));
  for (const range of ranges.filter((candidate) => !served.has(formatAddress(gatewayOf(candidate)))))
    for (const { index, address, prefix } of survey.addresses) {
      if (index === ours || !contains(range, parseAddress(address) ?? 0)) continue;
      const name = survey.links.find((link) => link.index === index)?.name ?? `interface ${index}`;
      throw fail(
        'failed_precondition',
        `network.ranges ${range.text} overlaps ${address}/${prefix} of ${name}; choose a range that this host does not use`,
      );
    }
}

/** The ranges of leases that are configured no more: their pods still need gateway and masquerade. */
export function withLeased(ranges: readonly Range[], leased: Iterable<string>): readonly Range[] {
  const known = new Map(ranges.map((range) => [range.text, range]));
  for (const text of leased) if (!known.has(text)) known.set(text, parseRange(text, 'leased range'));
  return [...known.values()];
}
