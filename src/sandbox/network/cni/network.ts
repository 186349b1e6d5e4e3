import { join } from 'node:path';
import { allEnded } from '../../../base/all-ended.ts';
import { fail, messageOf } from '../../../base/errors.ts';
import type { PodId } from '../../../base/ids.ts';
import { KeyedLocks } from '../../../base/locks.ts';
import type { Logger } from '../../../base/log.ts';
import type { Remembered } from '../../../base/remembered.ts';
import type { ReachStep } from '../../../base/steps.ts';
import { makerOfNetwork } from '../maker.ts';
import type { LivePods, NetworkReadiness, NetworkedPod, PodNetwork } from '../network.ts';
import type { HostPorts, PodAddress } from '../ports/ports.ts';
import { Attachments, openPodCidr } from './attachments.ts';
import type { Attachment, Held } from './attachments.ts';
import { argumentsOf, capabilitiesOf } from './capabilities.ts';
import { addToNetwork, deleteFromNetwork } from './chain.ts';
import { CurrentNetwork } from './current.ts';
import { Gate } from './gate.ts';
import { patiently } from './patience.ts';
import { findPlugin, isMissingPlugin } from './plugin.ts';
import type { PluginRunner } from './plugin.ts';
import { reconcileAttachments } from './reconcile.ts';
import { addressesIn } from './result.ts';
import { RunningPlugins } from './running.ts';

export interface CniOptions extends Omit<PluginRunner, 'running'> {
  /** Of configurations; empty: none is looked for, pods that have a CNI network keep it. */
  readonly directory: string;
  /** The state directory, which outlives a reboot; `network/` in it is ours. */
  readonly root: string;
  /** The run-time directory, which does not. */
  readonly state: string;
  /** For chains without a plugin that publishes ports. */
  readonly ports: HostPorts;
  readonly log: Logger;
  readonly reach: ReachStep;
  /** Told when a configuration came, changed or went. */
  readonly onChange: () => void;
}

/** Of the pod's end; kubelet and network policies expect it. */
const ifname = 'eth0';

export async function openCniNetwork(options: CniOptions): Promise<CniNetwork> {
  const attachments = await Attachments.open(join(options.root, 'network', 'cni'), options.log);
  const running = await RunningPlugins.open(join(options.state, 'cni'), (pod) => attachments.has(pod));
  const podCidr = await openPodCidr(join(options.root, 'network', 'pod-cidr.json'), options.log);
  const network = new CniNetwork({ ...options, running }, attachments, podCidr);
  await network.current.refresh();
  return network;
}

/** The network that CNI plugins make, by the configuration in force when the pod comes. */
export class CniNetwork implements PodNetwork {
  readonly current: CurrentNetwork;
  readonly #runner: CniOptions & PluginRunner;
  readonly #attachments: Attachments;
  readonly #locks = new KeyedLocks<PodId>();
  readonly #gate = new Gate();
  /** Pods that this daemon has attached, or has found well. */
  readonly #checked = new Map<PodId, string>();
  readonly #podCidr: Remembered<string>;

  constructor(runner: CniOptions & PluginRunner, attachments: Attachments, podCidr: Remembered<string>) {
    this.#runner = runner;
    this.#attachments = attachments;
    this.#podCidr = podCidr;
    this.current = new CurrentNetwork({ ...runner, runner });
  }

  ready(): NetworkReadiness {
    return this.current.ready;
  }

  has(pod: PodId): boolean {
    return this.#attachments.has(pod);
  }

  describe(pod: PodId): object | undefined {
    const held = this.#attachments.of(pod);
    if (held === undefined) return undefined;
    const { file, network } = held.attachment ?? {};
    const { name, version } = network ?? {};
    const check = this.#checked.get(pod);
    return { kind: 'cni', file, name, cniVersion: version, result: held.result, ...(check ? { check } : {}) };
  }

  async attach(pod: NetworkedPod, signal: AbortSignal): Promise<{ readonly ips: readonly string[] }> {
    return this.#exclusively(pod.id, signal, async () => {
      const before = this.#attachments.of(pod.id);
      if (before !== undefined && before.result === undefined) await this.#release(pod.id, before, signal);
      const addresses =
        before?.result === undefined
          ? await this.#add(pod, await this.#plan(pod), signal)
          : addressesIn(before.result, ifname);
      // Does nothing where no port was reserved.
      await this.#runner.ports.open(pod.id, addresses);
      return { ips: addresses.map(({ ip }) => ip) };
    });
  }

  async #plan(pod: NetworkedPod): Promise<Attachment> {
    if (!this.current.ready.ready) await this.current.refresh();
    const { found } = this.current;
    if (found.kind !== 'found') {
      const state = this.current.ready;
      throw fail('failed_precondition', `network of pod ${pod.id}: ${state.ready ? '' : state.message}`);
    }
    const { file, network } = found;
    const capabilities = capabilitiesOf(pod, this.#podCidr.value);
    const plugins = network.plugins.map(({ type, capabilities: wanted, raw }) => ({
      ...{ type, raw },
      capabilities: [...wanted],
    }));
    const { id, netns } = pod;
    return { pod: id, netns, ifname, args: argumentsOf(pod), capabilities, file, network: { ...network, plugins } };
  }

  /** The intent is on its way to the disk while the plugins work: it is there before anybody hears of the result. */
  async #add(pod: NetworkedPod, attachment: Attachment, signal: AbortSignal): Promise<readonly PodAddress[]> {
    const { reach, ports, running } = this.#runner;
    const maker = pod.maker ?? makerOfNetwork();
    const runner = { ...this.#runner, found: new Map<string, string>() };
    const intent = { file: this.#attachments.intend(attachment), step: 'run-pod:cni-intent' as const };
    try {
      await allEnded([maker.make({ records: [intent] }), findPlugins(runner, attachment)]);
    } catch (error) {
      // No plugin was asked for anything.
      await this.#attachments.forget(pod.id);
      throw error;
    }
    const lasting = this.#attachments.last(pod.id);
    lasting.catch(() => undefined);
    if (!publishesPorts(attachment)) await ports.reserve(pod);
    const result = await patiently(
      async () => addToNetwork(runner, attachment, signal),
      // Never ADD twice without a DEL between.
      async () => deleteFromNetwork(runner, { attachment, result: undefined }, signal),
      signal,
    );
    reach('run-pod:cni-added');
    const addresses = addressesIn(result, ifname);
    const ips = addresses.map(({ ip }) => ip);
    const records = [this.#attachments.resultFile(pod.id, result)];
    await allEnded([lasting, maker.write({ ips, records, obsolete: running.obsolete(pod.id) })]);
    this.#attachments.keep(pod.id, result);
    this.#checked.set(attachment.pod, 'ok');
    reach('run-pod:cni-cached');
    return addresses;
  }

  async detach(pod: PodId, signal: AbortSignal): Promise<void> {
    if (!this.has(pod)) return;
    await this.#exclusively(pod, signal, async () => {
      const held = this.#attachments.of(pod);
      if (held === undefined) return;
      try {
        await this.#release(pod, held, signal);
      } catch (error) {
        if (!isMissingPlugin(error)) throw error;
        // Whoever took the plugin away must be able to remove the pod. What it gave out stays with it until it is back.
        this.#runner.log.warn({ pod, reason: messageOf(error) }, 'CNI DEL is owed; it is repeated until it succeeds');
      }
    });
  }

  async #release(pod: PodId, { attachment = this.#guess(pod), result }: Held, signal: AbortSignal): Promise<void> {
    await this.#runner.ports.release(pod);
    await patiently(
      async () => deleteFromNetwork(this.#runner, { attachment, result }, signal),
      async () => undefined,
      signal,
    );
    this.#runner.reach('stop-pod:cni-deleted');
    await allEnded([this.#attachments.forget(pod), this.#runner.running.clear(pod)]);
    this.#checked.delete(pod);
  }

  /** For one whose intent cannot be read: plugins know a pod by its id. */
  #guess(pod: PodId): Attachment {
    const { found } = this.current;
    if (found.kind !== 'found')
      throw fail(
        'failed_precondition',
        `network of pod ${pod}: what is written of it cannot be read, and there is no CNI configuration to release it with`,
      );
    const { file, network } = found;
    const plugins = network.plugins.map((plugin) => ({ ...plugin, capabilities: [] }));
    return {
      pod,
      netns: '',
      ifname,
      args: 'IgnoreUnknown=1',
      capabilities: {},
      file,
      network: { ...network, plugins },
    };
  }

  /** One at a time for a pod, and after what an earlier daemon has left running for it. */
  async #exclusively<T>(pod: PodId, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    using _ = await this.#locks.acquire(pod, signal);
    return await this.#gate.among(async () => {
      await this.#runner.running.endInherited(pod, signal);
      try {
        return await work();
      } finally {
        await this.#runner.running.clear(pod);
      }
    });
  }

  async setPodCidr(cidr: string): Promise<void> {
    if (cidr !== '' && cidr !== this.#podCidr.value) await this.#podCidr.set(cidr);
  }

  async reconcile(live: LivePods, signal: AbortSignal): Promise<readonly string[]> {
    await this.current.refresh();
    const scope = {
      ...{ runner: this.#runner, attachments: this.#attachments, gate: this.#gate, checked: this.#checked },
      found: this.current.found,
      busy: (pod: PodId) => this.#locks.isHeld(pod),
      release: async (pod: PodId) => this.detach(pod, signal),
      exclusively: async <T>(pod: PodId, work: () => Promise<T>) => this.#exclusively(pod, signal, work),
    };
    return reconcileAttachments(scope, live, signal);
  }

  async close(): Promise<void> {
    this.current[Symbol.dispose]();
  }
}

/** Remembers where they are for the calls that follow. Errors: `failed_precondition` where one is missing. */
async function findPlugins(
  { found, ...runner }: PluginRunner & { readonly found: Map<string, string> },
  { network }: Attachment,
): Promise<void> {
  const types = new Set(network.plugins.map(({ type }) => type));
  await allEnded([...types].map(async (type) => found.set(type, await findPlugin(runner, type))));
}

/** Some plugin of the chain is told of host ports, so they are its matter. */
const publishesPorts = ({ network }: Attachment): boolean =>
  network.plugins.some(({ capabilities }) => capabilities.includes('portMappings'));
