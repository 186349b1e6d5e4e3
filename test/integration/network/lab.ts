import { randomInt } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { newInstanceId, newPodId } from '../../../src/base/ids.ts';
import type { InstanceId } from '../../../src/base/ids.ts';
import { silentLogger } from '../../../src/base/log.ts';
import type { LinkRunner } from '../../../src/linux/netlink/calls.ts';
import { listTable } from '../../../src/linux/nftables.ts';
import type { PodTasks } from '../../../src/linux/pod-worker.ts';
import { WorkerPool } from '../../../src/linux/worker/pool.ts';
import { parsePodConfig } from '../../../src/server/runtime/parse/pod-config.ts';
import { podConfig } from '../../../hack/lib/cri-messages.ts';
import { openBuiltInNetwork } from '../../../src/sandbox/network/built-in.ts';
import type { BuiltInOptions } from '../../../src/sandbox/network/open.ts';
import { openHostPorts } from '../../../src/sandbox/network/ports/open.ts';
import type { HostPorts } from '../../../src/sandbox/network/ports/ports.ts';
import type { NetworkedPod, PodNetwork } from '../../../src/sandbox/network/network.ts';
import type { PodConfig } from '../../../src/sandbox/pod/record.ts';
import { removeBuiltInNetwork } from '../../../src/sandbox/network/teardown.ts';
import { patience } from '../../fixtures/pace.ts';

export const soon = (): AbortSignal => AbortSignal.timeout(patience(10_000));

/** A third octet for 10.199.x.0, away from the service and from another run. */
export const anyOctet = (): number => randomInt(1, 250);

export type Pod = NetworkedPod;

/** An instance of the network with the Worker it has in the daemon, and namespaces to attach. */
export class NetworkLab {
  readonly instance: InstanceId = newInstanceId();
  readonly pool = new WorkerPool<PodTasks>({
    name: 'pods',
    module: new URL('../../../src/linux/pod-worker.ts', import.meta.url),
    size: 1,
    idleMs: Infinity,
  });
  readonly links: LinkRunner = async (call, argument, signal) => this.pool.call(call, argument, signal);
  readonly root: string;
  readonly #pods = new Set<Pod>();
  #networks: PodNetwork[] = [];

  private constructor(root: string) {
    this.root = root;
  }

  static async make(): Promise<NetworkLab> {
    return new NetworkLab(await mkdtemp(join(tmpdir(), 'cricket-network-')));
  }

  options(ranges: readonly string[]): Omit<BuiltInOptions, 'ports'> {
    return { instance: this.instance, root: this.root, ranges, log: silentLogger(), links: this.links };
  }

  async ports(): Promise<HostPorts> {
    return openHostPorts(this.options([]));
  }

  async open(ranges: readonly string[], more: Partial<BuiltInOptions> = {}): Promise<PodNetwork> {
    const network = await openBuiltInNetwork({ ...this.options(ranges), ports: await this.ports(), ...more });
    this.#networks.push(network);
    return network;
  }

  async pod(more: Partial<PodConfig> = {}): Promise<Pod> {
    const id = newPodId();
    const netns = `/run/netns/crktest-${this.instance}-${id.slice(0, 12)}`;
    await this.pool.call('pinNamespaces', { pins: { net: netns }, hostname: '', sysctls: {} }, soon());
    const pod = { id, netns, config: { ...parsePodConfig(podConfig({ name: 'lab' })), ...more } };
    this.#pods.add(pod);
    return pod;
  }

  async unpin(pod: Pod): Promise<void> {
    await this.pool.call('unpinNamespaces', { pins: [pod.netns] }, soon());
    this.#pods.delete(pod);
  }

  /** Names of this instance's links in the kernel, the bridge not among them. */
  async linkNames(): Promise<readonly string[]> {
    const { links } = await this.links('surveyLinks', undefined, soon());
    return links.map((link) => link.name).filter((name) => name.startsWith(`ck${this.instance}`));
  }

  leaseFiles(): readonly string[] {
    return readdirSync(join(this.root, 'network', 'leases'));
  }

  /** Ends everything, and fails if anything of the instance is left in the kernel or on disk. */
  async close(): Promise<void> {
    for (const network of this.#networks.splice(0)) await network.close();
    for (const pod of [...this.#pods]) await this.unpin(pod);
    await removeBuiltInNetwork(this.options([]), soon());
    const { links } = await this.links('surveyLinks', undefined, soon());
    await this.pool[Symbol.asyncDispose]();
    const ours = new RegExp(`^cr?k${this.instance}`);
    expect(links.filter(({ name }) => ours.test(name))).to.deep.equal([]);
    for (const family of ['inet', 'ip', 'ip6'] as const)
      expect(await listTable({ family, name: `cricket_${this.instance}` }, soon())).to.equal(undefined);
    const pins = readdirSync('/run/netns').filter((name) => name.startsWith(`crktest-${this.instance}-`));
    expect(pins).to.deep.equal([]);
    expect(existsSync(join(this.root, 'network'))).to.equal(false);
    await rm(this.root, { recursive: true });
  }
}

/** Asks until the answer is the wanted one, 5 s at most, and returns the last answer. */
export async function eventually<T>(ask: () => T | Promise<T>, good: (answer: T) => boolean): Promise<T> {
  for (let left = 250; ; left--) {
    const answer = await ask();
    if (good(answer) || left === 0) return answer;
    await delay(20);
  }
}
