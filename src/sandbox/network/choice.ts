import type { PodId } from '../../base/ids.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { BuiltIn } from './built-in.ts';
import type { CniNetwork } from './cni/network.ts';
import { wantsNoNetwork, withAllowed } from './wishes.ts';
import type { NetworkAnnotation } from './wishes.ts';
import type { LivePods, NetworkReadiness, NetworkedPod, NodeNetwork, PodNetwork } from './network.ts';

export type NetworkMode = 'auto' | 'built-in' | 'cni';

/** Whether new pods get the built-in network: a configuration that is broken is no reason for another network. */
export function isBuiltInChosen(mode: NetworkMode, hasConfiguration: boolean): boolean {
  return mode === 'built-in' || (mode === 'auto' && !hasConfiguration);
}

export interface ChoiceOptions {
  readonly mode: NetworkMode;
  readonly builtIn: BuiltIn;
  readonly cni: CniNetwork;
  /** Annotations that have a meaning. */
  readonly annotations: readonly NetworkAnnotation[];
  readonly log: Logger;
}

/**
 * Gives each pod the network that is chosen when it comes; it keeps that one. So both are in use at once after a
 * configuration has changed, and each is asked for what it has.
 */
export class NetworkChoice implements NodeNetwork {
  readonly #options: ChoiceOptions;
  #wasBuiltIn: boolean;

  constructor(options: ChoiceOptions) {
    this.#options = options;
    this.#wasBuiltIn = this.#isBuiltIn;
  }

  get #isBuiltIn(): boolean {
    const { mode, cni } = this.#options;
    return isBuiltInChosen(mode, cni.current.exists);
  }

  get #chosen(): PodNetwork {
    return this.#isBuiltIn ? this.#options.builtIn : this.#options.cni;
  }

  /** A CNI configuration came, changed or went: the built-in network is made when it is its turn, not with the first pod. */
  configurationChanged(): void {
    const before = this.#wasBuiltIn;
    this.#wasBuiltIn = this.#isBuiltIn;
    if (before || !this.#wasBuiltIn) return;
    const { builtIn, log } = this.#options;
    builtIn.ensure().then(
      (done) => done.forEach((what) => log.info({ what }, 'pod network')),
      (error: unknown) => log.error({ reason: messageOf(error) }, 'the built-in network cannot be made'),
    );
  }

  ready(): NetworkReadiness {
    return this.#chosen.ready();
  }

  summary(): object {
    const { mode, cni } = this.#options;
    return this.#isBuiltIn ? { mode, kind: 'built-in' } : { mode, kind: 'cni', configuration: cni.current.found };
  }

  describe(pod: PodId): object | undefined {
    return this.#options.cni.describe(pod) ?? this.#options.builtIn.describe(pod);
  }

  async attach(given: NetworkedPod, signal: AbortSignal): Promise<{ readonly ips: readonly string[] }> {
    const { builtIn, cni, annotations } = this.#options;
    const pod = withAllowed(given, annotations);
    if (wantsNoNetwork(pod.config)) return { ips: [] };
    if (cni.has(pod.id)) return cni.attach(pod, signal);
    if (builtIn.describe(pod.id) !== undefined) return builtIn.attach(pod, signal);
    return this.#chosen.attach(pod, signal);
  }

  async detach(pod: PodId, signal: AbortSignal): Promise<void> {
    await this.#options.cni.detach(pod, signal);
    await this.#options.builtIn.detach(pod, signal);
  }

  async setPodCidr(cidr: string): Promise<void> {
    await this.#options.cni.setPodCidr(cidr);
    await this.#options.builtIn.setPodCidr(cidr);
  }

  async reconcile(live: LivePods, signal: AbortSignal): Promise<readonly string[]> {
    const { builtIn, cni } = this.#options;
    return [...(await cni.reconcile(live, signal)), ...(await builtIn.reconcile(live, signal))];
  }

  async close(): Promise<void> {
    await Promise.all([this.#options.cni.close(), this.#options.builtIn.close()]);
  }
}
