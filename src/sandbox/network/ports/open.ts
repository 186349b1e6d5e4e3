import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { during, errorFrom, fail, messageOf } from '../../../base/errors.ts';
import type { InstanceId, PodId } from '../../../base/ids.ts';
import { KeyedLocks } from '../../../base/locks.ts';
import type { Logger } from '../../../base/log.ts';
import type { LinkCalls, LinkRunner } from '../../../linux/netlink/calls.ts';
import { changeRules, listTable, writeTables } from '../../../linux/nftables.ts';
import type { LivePods, NetworkedPod } from '../network.ts';
import type { PortMapping } from '../../pod/record.ts';
import { collide, isListenedOn, portTitle } from './conflicts.ts';
import type { HostPorts, PodAddress } from './ports.ts';
import { PortRecords } from './records.ts';
import type { PortRecord } from './records.ts';
import { elementCommands, elementsOf, portTables } from './rules.ts';
import type { Element } from './rules.ts';

export interface HostPortsOptions {
  readonly instance: InstanceId;
  /** The state directory; `network/ports/` in it is ours. */
  readonly root: string;
  readonly log: Logger;
  readonly links: LinkRunner;
}

const callTimeoutMs = 30_000;
const soon = () => AbortSignal.timeout(callTimeoutMs);
const neverAborted = new AbortController().signal;

/** Restores the rules of pods that an earlier daemon left. Where that fails it is said by `problem()`. */
export async function openHostPorts(options: HostPortsOptions): Promise<HostPorts> {
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const records = await PortRecords.open(join(options.root, 'network', 'ports'), boot, options.log);
  const ports = new Ports(options, records);
  await ports.restore();
  return ports;
}

class Ports implements HostPorts {
  readonly #options: HostPortsOptions;
  readonly #records: PortRecords;
  readonly #locks = new KeyedLocks<'rules'>();
  /** Pods of this life between reserve and release: a reconciling that began before they were known leaves them. */
  readonly #held = new Set<PodId>();
  /** How nft prints what we wrote, without elements; undefined while there are no tables. */
  #written: string | undefined;
  #problem: string | undefined;

  constructor(options: HostPortsOptions, records: PortRecords) {
    this.#options = options;
    this.#records = records;
  }

  problem(): string | undefined {
    return this.#problem;
  }

  /** The first node that has a host port gets the tables. */
  async restore(): Promise<void> {
    if (this.#records.all().length === 0) return;
    try {
      await this.#exclusively(async () => this.#rewrite());
    } catch (error) {
      this.#options.log.error({ error: messageOf(error) }, 'host ports cannot be restored; trying again');
    }
  }

  async reserve({ id, config }: NetworkedPod): Promise<void> {
    const { ports } = config;
    if (ports.length === 0 || this.#records.of(id) !== undefined) return;
    this.#refuseTaken(ports);
    const record = { pod: id, title: `${config.namespace}/${config.name}`, ports: [...ports], addresses: [] };
    this.#held.add(id);
    // In memory at once: nobody else takes them while the host is looked at.
    const kept = this.#records.put(record);
    kept.catch(() => undefined);
    try {
      await this.#refuseListened(ports);
      await kept;
      await this.#exclusively(async () => (this.#written === undefined ? this.#rewrite() : undefined));
      await refuseUntracked(ports);
    } catch (error) {
      await Promise.allSettled([kept]);
      await this.#records.drop(id);
      this.#held.delete(id);
      throw during(`host ports of pod ${record.title}`, error);
    }
  }

  #refuseTaken(ports: readonly PortMapping[]): void {
    for (const [at, port] of ports.entries()) {
      if (ports.slice(0, at).some((other) => collide(port, other)))
        throw fail('invalid_argument', `config.port_mappings: host port ${portTitle(port)} is named twice`);
      const holder = this.#records.all().find((record) => record.ports.some((other) => collide(port, other)));
      if (holder === undefined) continue;
      const who = `pod ${holder.title} (${holder.pod.slice(0, 13)})`;
      throw fail(
        'failed_precondition',
        `host port ${portTitle(port)} is taken by ${who}; stop it, or use another port`,
      );
    }
  }

  async #refuseListened(ports: readonly PortMapping[]): Promise<void> {
    for (const port of ports) {
      const all = await this.#call('listeners', { protocol: port.protocol, port: port.hostPort });
      const taken = all.find((listener) => isListenedOn(port, listener));
      if (taken === undefined) continue;
      const owner = await this.#call('socketOwner', taken.inode);
      throw fail(
        'failed_precondition',
        `${portTitle(port)} is taken by ${owner} of the host; end it, or use another port`,
      );
    }
  }

  async open(pod: PodId, addresses: readonly PodAddress[]): Promise<void> {
    const record = this.#records.of(pod);
    if (record === undefined || record.ports.length === 0) return;
    refuseUnreachable(record, addresses);
    const opened = { ...record, addresses: [...addresses] };
    await this.#records.put(opened);
    await this.#exclusively(async () => this.#change('add', elementsOf(opened)));
    await this.#forgetFlows(opened);
    await this.#allowLoopback([opened]);
  }

  async release(pod: PodId): Promise<void> {
    const record = this.#records.of(pod);
    this.#held.delete(pod);
    if (record === undefined) return;
    await this.#exclusively(async () => {
      this.#records.close(pod);
      await this.#change('delete', elementsOf(record));
    });
    await this.#forgetFlows(record);
    await this.#records.drop(pod);
  }

  /** By element; where that fails somebody has changed our tables, and they are written anew from what we know. */
  async #change(verb: 'add' | 'delete', elements: readonly Element[]): Promise<void> {
    if (elements.length === 0) return;
    if (this.#written === undefined) return this.#rewrite();
    try {
      await changeRules(elementCommands(verb, this.#options.instance, elements), soon());
    } catch {
      await this.#rewrite();
    }
  }

  async #rewrite(): Promise<void> {
    try {
      const elements = this.#records.all().flatMap(elementsOf);
      const { ipv6 } = await this.#call('surveyLinks', undefined);
      await writeTables(portTables(this.#options.instance, ipv6, elements), soon());
      this.#written = await this.#listing(false);
      await this.#allowLoopback(this.#records.all());
      this.#problem = undefined;
    } catch (error) {
      this.#problem = `host ports cannot be published: ${errorFrom(error).message}`;
      throw error;
    }
  }

  async #listing(elements: boolean): Promise<string> {
    const name = `cricket_${this.#options.instance}`;
    const tables = await Promise.all(
      (['ip', 'ip6'] as const).map((family) => listTable({ family, name }, soon(), { elements })),
    );
    return tables.join('\n');
  }

  async #allowLoopback(records: readonly PortRecord[]): Promise<void> {
    const all = records.flatMap(({ addresses }) => addresses.map(({ ip }) => ip)).filter((ip) => !ip.includes(':'));
    if (all.length > 0) await this.#call('allowLoopback', all);
  }

  async #forgetFlows({ ports, addresses }: PortRecord): Promise<void> {
    const all = addresses.map(({ ip }) => ip);
    for (const { protocol, hostPort } of ports)
      if (protocol === 'udp') await this.#call('forgetFlows', { port: hostPort, addresses: all });
  }

  async reconcile(live: LivePods): Promise<readonly string[]> {
    const stale = this.#records.all().filter(({ pod }) => !live.has(pod) && !this.#held.has(pod));
    for (const { pod } of stale) await this.release(pod);
    const released = stale.map(({ pod, title }) => `host ports of pod ${title} (${pod}), which is gone, were closed`);
    return [...released, ...(await this.mend())];
  }

  async mend(): Promise<readonly string[]> {
    return this.#exclusively(async () => this.#mendNow());
  }

  async #mendNow(): Promise<readonly string[]> {
    if (this.#written === undefined && this.#records.all().length === 0) return [];
    if (await this.#isIntact()) return [];
    await this.#rewrite();
    return ['the nftables rules of host ports were not as we left them and were written anew'];
  }

  async #isIntact(): Promise<boolean> {
    if (this.#written === undefined || this.#written !== (await this.#listing(false))) return false;
    const wanted = this.#records.all().flatMap(elementsOf);
    if (wanted.length === 0) return true;
    const present = (await this.#listing(true)).replaceAll(/\s+/g, ' ');
    return wanted.every(({ text }) => present.includes(text));
  }

  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    using _ = await this.#locks.acquire('rules', neverAborted);
    return await work();
  }

  async #call<K extends keyof LinkCalls>(call: K, argument: Parameters<LinkCalls[K]>[0]) {
    return this.#options.links(call, argument, soon());
  }

  async close(): Promise<void> {
    using _ = await this.#locks.acquire('rules', neverAborted);
  }
}

/** Errors: `failed_precondition` for a port of a family that the pod has no address of. */
function refuseUnreachable({ ports }: PortRecord, addresses: readonly PodAddress[]): void {
  for (const port of ports) {
    if (elementsOf({ ports: [port], addresses }).some(({ set }) => set !== 'near')) continue;
    throw fail('failed_precondition', `host port ${portTitle(port)}: the pod has no address of that family`);
  }
}

/** Errors: `failed_precondition` for SCTP where the kernel does not track it, so cannot translate it either. */
async function refuseUntracked(ports: readonly PortMapping[]): Promise<void> {
  if (!ports.some(({ protocol }) => protocol === 'sctp')) return;
  const tracked = await readFile('/proc/sys/net/netfilter/nf_conntrack_sctp_timeout_established').catch(
    () => undefined,
  );
  if (tracked === undefined) throw fail('failed_precondition', 'this kernel tracks no SCTP; use tcp or udp');
}
