import { parseRange } from './cidr.ts';
import type { Range } from './cidr.ts';
import { parseRange6 } from './cidr6.ts';
import type { Range6 } from './cidr6.ts';
import type { Lease } from './leases.ts';
import { orderedRanges, parsePodCidr, served, served6 } from './ranges.ts';
import type { PodCidr, Served } from './ranges.ts';

/** Whether anybody outside the node may open connections to pods; auto: only where other nodes route to them. */
export type Reachable = 'auto' | 'yes' | 'no';

interface Configured {
  readonly ranges: readonly Range[];
  /** Undefined: no IPv6. */
  readonly range6: Range6 | undefined;
  readonly reachable: Reachable;
}

/** The networks of pods: those configured, and the kubelet's before them. */
export class Pools {
  readonly #configured: Configured;
  #podCidr: PodCidr;

  constructor(configured: Configured, podCidr: string) {
    this.#configured = configured;
    this.#podCidr = parsePodCidr(podCidr);
  }

  set podCidr(text: string) {
    this.#podCidr = parsePodCidr(text);
  }

  /** Those to take addresses from, in order. */
  get ranges(): readonly Range[] {
    return orderedRanges(this.#podCidr.ipv4, this.#configured.ranges);
  }

  get range6(): Range6 | undefined {
    return this.#configured.range6 === undefined ? undefined : (this.#podCidr.ipv6 ?? this.#configured.range6);
  }

  get ipv6First(): boolean {
    return this.#podCidr.ipv6First;
  }

  /** Those in use, and those that are configured no more but have pods. */
  ranges4With(leases: readonly Lease[]): readonly Range[] {
    return distinct([...this.ranges, ...leases.map(({ range }) => parseRange(range, 'leased range'))]);
  }

  ranges6With(leases: readonly Lease[]): readonly Range6[] {
    const leased = leases.flatMap(({ range6 }) => (range6 === '' ? [] : [parseRange6(range6, 'leased range')]));
    return distinct([...(this.range6 === undefined ? [] : [this.range6]), ...leased]);
  }

  /** All that the bridge is the router of. */
  served(leases: readonly Lease[]): readonly Served[] {
    return [
      ...this.ranges4With(leases).map((range) => served(range, this.#isClosed(range.text, this.#podCidr.ipv4?.text))),
      ...this.ranges6With(leases).map((range) => served6(range, this.#isClosed(range.text, this.#podCidr.ipv6?.text))),
    ];
  }

  #isClosed(range: string, podCidr: string | undefined): boolean {
    const { reachable } = this.#configured;
    return reachable === 'no' || (reachable === 'auto' && range !== podCidr);
  }
}

function distinct<T extends { readonly text: string }>(ranges: readonly T[]): readonly T[] {
  return [...new Map(ranges.toReversed().map((range) => [range.text, range])).values()].toReversed();
}
