import { sleep } from '../../base/abort.ts';
import { fail } from '../../base/errors.ts';
import type { InstanceId, PodId } from '../../base/ids.ts';
import { gatewayOf, lastHostOf, nextAddress } from './cidr.ts';
import type { Range } from './cidr.ts';
import type { Lease, Leases } from './leases.ts';
import { linkName } from './names.ts';
import type { Releases } from './releases.ts';

/** Milliseconds between tries while addresses are on their way back, before a range counts as exhausted. */
const pausesMs = [20, 50, 100, 200] as const;
const neverAborted = new AbortController().signal;

/** Gives addresses out of the ranges in order, from each one round and round. */
export class Addresses {
  readonly #instance: InstanceId;
  readonly #leases: Leases;
  readonly #releases: Releases;
  readonly #last: Map<string, number>;
  ranges: readonly Range[];

  constructor(
    instance: InstanceId,
    ranges: readonly Range[],
    leases: Leases,
    releases: Releases,
    last: Readonly<Record<string, number>>,
  ) {
    this.#instance = instance;
    this.ranges = ranges;
    this.#leases = leases;
    this.#releases = releases;
    this.#last = new Map(Object.entries(last));
  }

  /** Range → address given out last, for the next daemon. */
  last(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#last);
  }

  /**
   * A lease, written before it is answered: whatever happens next, the address has an owner.
   * Errors: `resource_exhausted` saying what to do.
   */
  async take(pod: PodId): Promise<Lease> {
    for (const pause of [...pausesMs, undefined]) {
      const lease = this.#choose(pod);
      if (lease !== undefined) {
        await this.#leases.add(lease);
        return lease;
      }
      if (this.#releases.size === 0) break;
      // Before giving up, links that nobody needs are deleted by force.
      if (await this.#releases.sweep(pause === pausesMs.at(-1) ? 0 : undefined)) continue;
      if (pause !== undefined) await sleep(pause, neverAborted);
    }
    throw fail(
      'resource_exhausted',
      `network of pod ${pod}: no free address in ${this.ranges.map((range) => range.text).join(', ')}; ` +
        'remove pods or add a range to network.ranges',
    );
  }

  #choose(pod: PodId): Lease | undefined {
    for (const range of this.ranges) {
      const address = nextAddress(range, (candidate) => this.#isTaken(candidate), this.#last.get(range.text));
      if (address === undefined) continue;
      this.#last.set(range.text, address);
      return { pod, address, range: range.text, link: this.#freeLinkName(pod) };
    }
    return undefined;
  }

  /** One range may lie in another (the kubelet's in the configured one): then its edges are no pod's. */
  #isTaken(address: number): boolean {
    return (
      this.#leases.has(address) ||
      this.ranges.some(
        (range) => address === range.base || address === gatewayOf(range) || address === lastHostOf(range) + 1,
      )
    );
  }

  #freeLinkName(pod: PodId): string {
    const used = new Set(this.#leases.all().map((lease) => lease.link));
    const names = Array.from({ length: 8 }, (_, turn) => linkName(this.#instance, pod, turn));
    return names.find((name) => !used.has(name)) ?? linkName(this.#instance, pod, 0);
  }
}
