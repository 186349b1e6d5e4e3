import { z } from 'zod';
import { loadCheckpoint, saveCheckpoint } from '../../base/checkpoint.ts';
import type { CheckpointKind } from '../../base/checkpoint.ts';
import { errnoOf, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { lastKillSchema, latestKill } from './oom/last-kill.ts';
import type { LastKill } from './oom/last-kill.ts';

const tally = z.object({
  namespace: z.string(),
  pod: z.string(),
  container: z.string(),
  /** Of the last one that was hit. */
  podUid: z.string(),
  containerId: z.string(),
  image: z.string(),
  kills: z.number(),
  /** Of the last kill, in milliseconds since 1970. */
  lastAt: z.number(),
});
/** How often the OOM killer hit containers of one name: a restarted container goes on where the last one ended. */
export type OomTally = Readonly<z.infer<typeof tally>>;
export type OomSubject = Omit<OomTally, 'kills' | 'lastAt'>;

const state = z.object({
  bootId: z.string(),
  /** The last record of /dev/kmsg that was read in that boot. */
  kmsgSequence: z.number(),
  tallies: z.array(tally),
  /** Container id → its cgroups (relative to its own) → kills that are in the tallies. */
  seen: z.record(z.string(), z.record(z.string(), z.number())),
  /** By container id. */
  last: z.record(z.string(), lastKillSchema).default({}),
});
type State = z.infer<typeof state>;
const kind: CheckpointKind<State> = { name: 'oom-counts', version: 1, schema: state };

/** Names at most: the oldest of those without a container go first. */
const mostTallies = 4096;

/** Tells how often the OOM killer hit: what container_oom_events_total is made of. */
export interface OomTallies {
  /** Every name that was ever hit and is still remembered, whether its container lives or not. */
  all(): Iterable<OomTally>;
  of(namespace: string, pod: string, container: string): number;
}

/**
 * The durable counts of OOM kills. Kept outside containers' records: they outlive container and daemon. A name is
 * forgotten only when there are too many of them.
 */
export class OomCounts implements OomTallies {
  readonly #path: string;
  readonly #log: Logger;
  readonly #tallies = new Map<string, OomTally>();
  readonly #seen: Map<string, Map<string, number>>;
  readonly #last: Map<string, LastKill>;
  readonly #bootId: string;
  #kmsgSequence: number;
  #saving: Promise<void> | undefined;
  #dirty = false;

  private constructor(path: string, log: Logger, { bootId, kmsgSequence, tallies, seen, last }: State) {
    this.#path = path;
    this.#log = log;
    this.#bootId = bootId;
    this.#kmsgSequence = kmsgSequence;
    for (const one of tallies) this.#tallies.set(keyOf(one.namespace, one.pod, one.container), one);
    this.#last = new Map(Object.entries(last));
    this.#seen = new Map(Object.entries(seen).map(([id, cells]) => [id, new Map(Object.entries(cells))]));
  }

  /** A file that cannot be read begins at nothing, with a log note: a count is no reason not to start. */
  static async open(path: string, bootId: string, log: Logger): Promise<OomCounts> {
    const fresh: State = { bootId, kmsgSequence: -1, tallies: [], seen: {}, last: {} };
    try {
      const found = await loadCheckpoint(kind, path);
      // Cgroups and the kernel's log began anew with the boot.
      return new OomCounts(path, log, found.bootId === bootId ? found : { ...fresh, tallies: found.tallies });
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT')
        log.error({ reason: messageOf(error) }, 'OOM counts unreadable: they begin at 0');
      return new OomCounts(path, log, fresh);
    }
  }

  all(): Iterable<OomTally> {
    return this.#tallies.values();
  }

  of(namespace: string, pod: string, container: string): number {
    return this.#tallies.get(keyOf(namespace, pod, container))?.kills ?? 0;
  }

  /** Kills of one container that are counted, by cgroup below its own. */
  seenOf(containerId: string): ReadonlyMap<string, number> {
    return this.#seen.get(containerId) ?? new Map();
  }

  lastKill(containerId: string): LastKill | undefined {
    return this.#last.get(containerId);
  }

  /** Written with the count of the kill. */
  noteKill(containerId: string, kill: LastKill): void {
    this.#last.set(containerId, latestKill(this.#last.get(containerId), kill));
  }

  get kmsgSequence(): number {
    return this.#kmsgSequence;
  }

  /** Not written at once: the next kill, or the end, writes it. */
  noteKmsg(sequence: number): void {
    this.#kmsgSequence = sequence;
  }

  /** Counts one kill in one of the container's cgroups. @returns the how manieth of its name it is. */
  count(subject: OomSubject, cell: string, at: number): number {
    const cells = this.#seen.get(subject.containerId) ?? new Map<string, number>();
    cells.set(cell, (cells.get(cell) ?? 0) + 1);
    this.#seen.set(subject.containerId, cells);
    const key = keyOf(subject.namespace, subject.pod, subject.container);
    const kills = (this.#tallies.get(key)?.kills ?? 0) + 1;
    // Deleted first: the map is in the order of the last kill.
    this.#tallies.delete(key);
    this.#tallies.set(key, { ...subject, kills, lastAt: at });
    const [oldest] = this.#tallies.keys();
    if (this.#tallies.size > mostTallies && oldest !== undefined) this.#tallies.delete(oldest);
    this.save();
    return kills;
  }

  /** The container is removed: its cgroups are no more. The tally of its name stays. */
  forget(containerId: string): void {
    const known = [this.#seen.delete(containerId), this.#last.delete(containerId)];
    if (known.includes(true)) this.save();
  }

  /** Writes behind the caller's back, one write at a time; kills that come meanwhile share the next. */
  save(): void {
    this.#dirty = true;
    this.#saving ??= this.#write().finally(() => (this.#saving = undefined));
  }

  async #write(): Promise<void> {
    while (this.#dirty) {
      this.#dirty = false;
      try {
        await saveCheckpoint(kind, this.#path, this.#state(), { durable: false });
      } catch (error) {
        this.#log.warn({ reason: messageOf(error) }, 'OOM counts not written; the next kill tries again');
        return;
      }
    }
  }

  #state(): State {
    return {
      bootId: this.#bootId,
      kmsgSequence: this.#kmsgSequence,
      tallies: [...this.#tallies.values()],
      last: Object.fromEntries(this.#last),
      seen: Object.fromEntries([...this.#seen].map(([id, cells]) => [id, Object.fromEntries(cells)])),
    };
  }

  /** Resolves when what is counted is in the file. */
  async close(): Promise<void> {
    this.save();
    await this.#saving;
  }
}

const keyOf = (namespace: string, pod: string, container: string) => JSON.stringify([namespace, pod, container]);
