import { sleep } from '../../base/abort.ts';
import { fail } from '../../base/errors.ts';
import type { InstanceId, PodId } from '../../base/ids.ts';
import type { RecordFile } from '../../base/plain-file.ts';
import { gatewayOf, lastHostOf, nextAddress } from './cidr.ts';
import { twinOf } from './cidr6.ts';
import type { Pools } from './pools.ts';
import type { Lease, Leases } from './leases.ts';
import { linkName, podMac } from './names.ts';
import type { Releases } from './releases.ts';

/** Milliseconds between tries while addresses are on their way back, before a range counts as exhausted. */
const pausesMs = [20, 50, 100, 200] as const;
const neverAborted = new AbortController().signal;

export interface LeaseWish {
  readonly ipv6: boolean;
  /** Undefined: one made of the address. */
  readonly mac: string | undefined;
}

/** Gives addresses out of the ranges in order, from each one round and round. */
export class Addresses {
  readonly #instance: InstanceId;
  readonly #leases: Leases;
  readonly #releases: Releases;
  readonly #last: Map<string, number>;
  readonly #pools: Pick<Pools, 'ranges' | 'range6'>;

  constructor(
    instance: InstanceId,
    pools: Pick<Pools, 'ranges' | 'range6'>,
    leases: Leases,
    releases: Releases,
    last: Readonly<Record<string, number>>,
  ) {
    this.#instance = instance;
    this.#pools = pools;
    this.#leases = leases;
    this.#releases = releases;
    this.#last = new Map(Object.entries(last));
  }

  /** Range → address given out last, for the next daemon. */
  last(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#last);
  }

  /**
   * A lease, and its file, which is to be written before the address is used: whatever happens next, that has an owner.
   * Errors: `resource_exhausted` saying what to do.
   */
  async take(pod: PodId, wish: LeaseWish): Promise<{ readonly lease: Lease; readonly file: RecordFile }> {
    for (const pause of [...pausesMs, undefined]) {
      const lease = this.#choose(pod, wish);
      if (lease !== undefined) return { lease, file: this.#leases.hold(lease) };
      if (this.#releases.size === 0) break;
      // Before giving up, links that nobody needs are deleted by force.
      if (await this.#releases.sweep(pause === pausesMs.at(-1) ? 0 : undefined)) continue;
      if (pause !== undefined) await sleep(pause, neverAborted);
    }
    throw fail(
      'resource_exhausted',
      `network of pod ${pod}: no free address in ${this.#pools.ranges.map((range) => range.text).join(', ')}; ` +
        'remove pods or add a range to network.ranges',
    );
  }

  #choose(pod: PodId, wish: LeaseWish): Lease | undefined {
    const range6 = wish.ipv6 ? this.#pools.range6 : undefined;
    for (const range of this.#pools.ranges) {
      const twin = (address: number) => (range6 === undefined ? '' : twinOf(range6, range, address));
      const isTaken = (address: number) => this.#isTaken(address) || this.#isTakenTwin(twin(address));
      const address = nextAddress(range, isTaken, this.#last.get(range.text));
      if (address === undefined) continue;
      this.#last.set(range.text, address);
      const ipv6 = { address6: twin(address) ?? '', range6: range6?.text ?? '' };
      const mac = wish.mac ?? podMac(address);
      return { pod, address, ...ipv6, range: range.text, link: this.#freeLinkName(pod), mac };
    }
    return undefined;
  }

  /** One range may lie in another (the kubelet's in the configured one): then its edges are no pod's. */
  #isTaken(address: number): boolean {
    return (
      this.#leases.has(address) ||
      this.#pools.ranges.some(
        (range) => address === range.base || address === gatewayOf(range) || address === lastHostOf(range) + 1,
      )
    );
  }

  #isTakenTwin(address: string | undefined): boolean {
    return address === undefined || (address !== '' && this.#leases.has6(address));
  }

  #freeLinkName(pod: PodId): string {
    const used = new Set(this.#leases.all().map((lease) => lease.link));
    const names = Array.from({ length: 8 }, (_, turn) => linkName(this.#instance, pod, turn));
    return names.find((name) => !used.has(name)) ?? linkName(this.#instance, pod, 0);
  }
}
