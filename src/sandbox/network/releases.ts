import { messageOf } from '../../base/errors.ts';
import type { PodId } from '../../base/ids.ts';
import type { Logger } from '../../base/log.ts';
import type { HostNetwork } from './host.ts';
import type { Lease, Leases } from './leases.ts';

/** Milliseconds between looks at links that should go; doubled up to the last while none goes. */
const firstLookMs = 100;
const lastLookMs = 1_000;
/** After this a link is held by something (a copy of the pin in another mount namespace): deleted by force. */
const lateMs = 10_000;
/** Each takes some 30 ms of the Worker that pods wait for. */
const forcedAtOnce = 8;

interface Release {
  readonly lease: Lease;
  readonly since: number;
}

/**
 * Leases of pods that were detached. The kernel deletes a link with its namespace, some time after the namespace was
 * unpinned; until then its address still answers, so the lease is kept.
 */
export class Releases {
  readonly #host: HostNetwork;
  readonly #leases: Leases;
  readonly #log: Logger;
  readonly #waiting = new Map<string, Release>();
  #timer: NodeJS.Timeout | undefined;
  #pause = firstLookMs;

  constructor(host: HostNetwork, leases: Leases, log: Logger) {
    this.#host = host;
    this.#leases = leases;
    this.#log = log;
  }

  add(lease: Lease): void {
    if (!this.#waiting.has(lease.link)) this.#waiting.set(lease.link, { lease, since: performance.now() });
    this.#pause = firstLookMs;
    this.#schedule();
  }

  /** The pod wants its network back. */
  cancel(lease: Lease): void {
    this.#waiting.delete(lease.link);
  }

  has(pod: PodId): boolean {
    return [...this.#waiting.values()].some(({ lease }) => lease.pod === pod);
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Frees what is gone; deletes links that have been waited for longer than `ageMs`. True if any address came free. */
  async sweep(ageMs: number = lateMs): Promise<boolean> {
    const looked = [...this.#waiting.values()];
    if (looked.length === 0) return false;
    const late = looked.filter((release) => performance.now() - release.since >= ageMs).slice(0, forcedAtOnce);
    if (late.length > 0)
      await this.#host.call(
        'removeLinks',
        late.map((release) => release.lease.link),
      );
    const names = looked.map((release) => release.lease.link);
    const existing = new Set(await this.#host.call('existingLinks', names));
    // Whoever was taken back meanwhile, or detached anew, is another entry than the one that was looked at.
    const gone = looked.filter(
      ({ lease }, at) => !existing.has(lease.link) && this.#waiting.get(lease.link) === looked[at],
    );
    for (const { lease } of gone) this.#waiting.delete(lease.link);
    await Promise.all(gone.map((release) => this.#leases.drop(release.lease)));
    return gone.length > 0;
  }

  #schedule(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => void this.#look(), this.#pause).unref();
  }

  async #look(): Promise<void> {
    try {
      const freed = await this.sweep();
      this.#pause = freed ? firstLookMs : Math.min(this.#pause * 2, lastLookMs);
    } catch (error) {
      this.#log.warn({ error: messageOf(error) }, 'cannot look for links that should be gone; trying again');
    }
    this.#timer = undefined;
    if (this.#waiting.size > 0) this.#schedule();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }
}
