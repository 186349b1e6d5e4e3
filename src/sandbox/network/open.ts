import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateDirectory } from '../../base/checkpoint.ts';
import { fail } from '../../base/errors.ts';
import type { InstanceId } from '../../base/ids.ts';
import type { Logger } from '../../base/log.ts';
import type { Remembered } from '../../base/remembered.ts';
import type { ReachStep } from '../../base/steps.ts';
import type { LinkRunner } from '../../linux/netlink/calls.ts';
import type { RuleChange } from '../../linux/netlink/rule-monitor.ts';
import type { Range } from './cidr.ts';
import { ownRange6, parseRange6 } from './cidr6.ts';
import type { Range6 } from './cidr6.ts';
import { Leases } from './leases.ts';
import { bridgeName } from './names.ts';
import type { Reachable } from './pools.ts';
import type { HostPorts } from './ports/ports.ts';
import { parseRange6Setting, parseRanges } from './ranges.ts';
import { openNetworkState } from './state.ts';
import type { NetworkState } from './state.ts';

export interface BuiltInOptions {
  readonly instance: InstanceId;
  /** The state directory; `network/` in it is ours. */
  readonly root: string;
  /** `network.ranges`, IPv4 prefixes. */
  readonly ranges: readonly string[];
  /** `network.ipv6_range`: an IPv6 prefix, `off`, or by default `auto`: a unique local one of this node's own. */
  readonly ipv6Range?: string;
  /** Default `crk<instance>`, at most 15 bytes. */
  readonly bridge?: string;
  /** Default: that of the interface of the default route, else 1500. */
  readonly mtu?: number;
  /** Default `auto`. */
  readonly reachable?: Reachable;
  /** Add an accept where another's firewall forwards nothing. Default: no. */
  readonly acceptForward?: boolean;
  readonly log: Logger;
  /** Whether new pods get this network. While they do not, nothing is made on the host but for pods that have it. */
  readonly isWanted?: () => boolean;
  /** Tells of changes to the rules of the host. Without it they are found at the next reconciling. */
  readonly watchRules?: (onChange: (change: RuleChange | 'lost') => void) => Disposable;
  /** Runs LinkCalls in the namespace Worker. */
  readonly links: LinkRunner;
  readonly ports: HostPorts;
  readonly reach?: ReachStep;
}

/** Options with every default decided, and what an earlier daemon left. */
export interface Settled extends Omit<BuiltInOptions, 'mtu'> {
  readonly bridge: string;
  readonly mtu: number | undefined;
  readonly configured: {
    readonly ranges: readonly Range[];
    readonly range6: Range6 | undefined;
    readonly reachable: Reachable;
  };
  readonly leases: Leases;
  readonly state: Remembered<NetworkState>;
}

/** Errors: `invalid_argument` naming the setting. */
export async function settle(options: BuiltInOptions): Promise<Settled> {
  const ranges = parseRanges(options.ranges);
  const bridge = options.bridge ?? bridgeName(options.instance);
  if (!/^[^\s/:"]{1,15}$/.test(bridge))
    throw fail(
      'invalid_argument',
      `network.bridge ${JSON.stringify(bridge)}: must be an interface name of 1 to 15 bytes`,
    );
  const directory = join(options.root, 'network');
  await makePrivateDirectory(directory);
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const leases = await Leases.open(join(directory, 'leases'), boot, options.log);
  const state = await openNetworkState(directory, options.log);
  const range6 = await chooseRange6(options, state);
  const configured = { ranges, range6, reachable: options.reachable ?? 'auto' };
  return { ...options, bridge, mtu: options.mtu, configured, leases, state };
}

/** Our own network is written down: a machine id that changes must not change the addresses of pods. */
async function chooseRange6(options: BuiltInOptions, state: Remembered<NetworkState>): Promise<Range6 | undefined> {
  const wanted = parseRange6Setting(options.ipv6Range ?? 'auto');
  if (wanted === 'off') return undefined;
  const { ipv6 } = await options.links('surveyLinks', undefined, AbortSignal.timeout(surveyTimeoutMs));
  if (!ipv6) {
    options.log.info({}, 'this host has no IPv6, or has turned it off: pods get IPv4 only');
    return undefined;
  }
  if (wanted !== 'auto') return wanted;
  if (state.value.ula !== '') return parseRange6(state.value.ula, 'own IPv6 network');
  const range6 = ownRange6(await readFile('/etc/machine-id', 'utf8').catch(() => ''), options.instance);
  await state.set({ ...state.value, ula: range6.text });
  return range6;
}

const surveyTimeoutMs = 30_000;
