import { messageOf } from '../../../base/errors.ts';
import type { ContainerId } from '../../../base/ids.ts';
import type { OomVictim } from '../../../cgroups/events/oom-messages.ts';
import type { CgroupPath } from '../../../cgroups/path.ts';
import { isLive } from '../../container/state.ts';
import type { Parts } from '../../parts.ts';
import type { Container } from '../../store/store.ts';
import type { CricketEvent } from '../event.ts';
import type { OomCounts } from '../oom-counts.ts';
import { KernelKills } from './kernel-kills.ts';
import { oomEvent } from './kill.ts';
import type { OomKill } from './kill.ts';
import { Ledger } from './ledger.ts';
import { Victims } from './victims.ts';

export type OomParts = Pick<Parts, 'cgroups' | 'events' | 'log' | 'store' | 'watcher'> & {
  readonly counts: OomCounts;
  /** The last events of the journal: what is in it is not told again. */
  readonly recent: readonly CricketEvent[];
};

/** Milliseconds a counted kill waits for the kernel's line about it. */
const nameMs = 300;
/** v1 tells before the kill, and the kill may take its time: looks after that many milliseconds. */
const looksMs = [5, 25, 100, 300, 700];
/** Milliseconds between two looks at every container. */
const allMs = 50;

interface Watched {
  readonly container: Container;
  readonly initPid: number;
  readonly ledger: Ledger;
  source: Disposable | undefined;
  looks: NodeJS.Timeout[];
}

/**
 * Sees every OOM kill in our containers. That there was one, and in which container, is counted by the cgroups, which
 * miss none; who it was stands in the kernel's log, which may be unreadable, overwritten or cut short. Whatever wakes us
 * (a cgroup's event, a line of the log, the end of a container, the removal of a cgroup) only makes us read the counters.
 */
export class OomWatch implements Disposable {
  readonly #parts: OomParts;
  readonly #watched = new Map<string, Watched>();
  readonly #victims: Victims;
  readonly #kernel: KernelKills;
  readonly #journaled: ReadonlyMap<string, number>;
  #unnamed: { readonly kill: OomKill; readonly until: number }[] = [];
  #naming: NodeJS.Timeout | undefined;
  #all: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: OomParts) {
    this.#parts = parts;
    this.#victims = new Victims((id) => this.#watched.has(id));
    this.#journaled = journaledKills(parts.recent);
    this.#kernel = new KernelKills({
      watcher: parts.watcher,
      after: parts.counts.kmsgSequence,
      onVictim: (victim) => this.#onVictim(victim),
      onDoubt: () => this.#lookAtAll(),
    });
    if (!this.#kernel.named)
      parts.log.warn('/dev/kmsg may not be read: OOM kills are counted, their processes are not named');
    parts.cgroups.beforeRemove((path) => this.#beforeRemove(path));
    parts.store.observe({
      podChanged: () => undefined,
      podDropped: () => undefined,
      containerChanged: (container) => this.#changed(container),
      containerDropped: ({ record }) => this.#forget(record.id),
    });
  }

  /** Takes up the containers that are there, and counts what was killed while nobody watched. */
  start(): void {
    for (const container of this.#parts.store.containers.values()) {
      this.#changed(container);
      const one = this.#watched.get(container.record.id);
      if (one !== undefined) this.#look(one);
    }
  }

  #changed(container: Container): void {
    if (this.#closed) return;
    const { id, cgroup } = container.record;
    const { state } = container;
    let one = this.#watched.get(id);
    if (one === undefined && (isLive(state) || (state.kind === 'exited' && !state.released))) {
      const seen = this.#parts.counts.seenOf(id);
      one = {
        container,
        initPid: isLive(state) ? state.init.pid : 0,
        ledger: new Ledger(seen),
        source: undefined,
        looks: [],
      };
      this.#watched.set(id, one);
      if (one.initPid > 0) this.#victims.learn(id, [one.initPid]);
      one.source = this.#open(id, cgroup as CgroupPath);
    }
    if (one === undefined || isLive(state)) return;
    this.#kernel.drain();
    this.#look(one);
    letGo(one);
  }

  #open(id: string, cgroup: CgroupPath): Disposable | undefined {
    try {
      return this.#parts.cgroups.watchOom(cgroup, this.#parts.watcher, () => this.#wake(id));
    } catch (error) {
      const fields = { container: id, reason: messageOf(error) };
      this.#parts.log.warn(
        fields,
        'OOM events of a container cannot be had: its kills are seen by the kernel log and at its end',
      );
      return undefined;
    }
  }

  #wake(id: string): void {
    const one = this.#watched.get(id);
    if (one === undefined) return;
    this.#victims.learn(id, this.#parts.cgroups.processes(one.container.record.cgroup as CgroupPath));
    this.#look(one);
    one.looks.forEach(clearTimeout);
    one.looks = looksMs.map((ms) => setTimeout(() => this.#look(one), ms).unref());
  }

  #beforeRemove(path: CgroupPath): void {
    if (this.#closed) return;
    for (const [id] of path.matchAll(/[0-9a-f]{64}/g)) {
      const one = this.#watched.get(id);
      if (one !== undefined) this.#look(one);
    }
  }

  #onVictim(victim: OomVictim): void {
    const found = this.#victims.containerOf(victim);
    if (found === 'none of ours') return;
    this.#victims.keep(victim, found?.id);
    const one = found && this.#watched.get(found.id);
    if (one === undefined) {
      this.#lookAtAll();
      return;
    }
    if (found?.cell !== undefined) one.ledger.read(found.cell);
    this.#look(one);
    this.#name(false);
  }

  /** A line that names no container can be about any of them. */
  #lookAtAll(): void {
    this.#all ??= setTimeout(() => {
      this.#all = undefined;
      for (const one of this.#watched.values()) this.#look(one);
    }, allMs).unref();
  }

  /** Never throws: those who wake us have work of their own to do. */
  #look(one: Watched): void {
    try {
      this.#count(one);
    } catch (error) {
      const fields = { container: one.container.record.id, reason: messageOf(error) };
      this.#parts.log.warn(fields, 'OOM kills of a container not read; the next look will');
    }
  }

  /** Reads the counters of one container, and counts what is new in them. */
  #count({ container, initPid, ledger }: Watched): void {
    const { cgroups, counts, store } = this.#parts;
    const { record } = container;
    const cgroup = record.cgroup as CgroupPath;
    ledger.look(cgroups.oomKillsByCgroup(cgroup));
    counts.noteKmsg(this.#kernel.sequence);
    const pod = store.pods.get(record.podId);
    const subject = {
      ...{ namespace: pod?.record.config.namespace ?? '', pod: pod?.record.config.name ?? '' },
      ...{ podUid: pod?.record.config.uid ?? '', container: record.config.name, containerId: record.id },
      image: record.config.userSpecifiedImage || record.config.image,
    };
    for (const [cell, total] of ledger.totals()) {
      const more = counts.count(subject, cell, total, Date.now());
      if (more === 0) continue;
      const kills = counts.of(subject.namespace, subject.pod, subject.container);
      const memory = cgroups.read(cgroup)?.memory;
      const facts = { record, state: container.state };
      for (let i = more - 1; i >= 0; i--)
        this.#unnamed.push({
          kill: {
            container: facts,
            pod: pod && { record: pod.record, state: pod.state },
            initPid,
            memory,
            kills: kills - i,
          },
          until: performance.now() + nameMs,
        });
      this.#name(false);
    }
  }

  /** Tells of the kills whose victim is known; at the end of their time, of the others too. */
  #name(last: boolean): void {
    const now = performance.now();
    const late = this.#unnamed.filter(({ until }) => last || until <= now);
    // A victim of which nothing is known is his who alone misses one.
    const guess = new Set(late.map(({ kill }) => kill.container.record.id)).size === 1;
    this.#unnamed = this.#unnamed.filter((one) => {
      const known = this.#victims.take(one.kill.container.record.id);
      const victim = known ?? (guess && late.includes(one) ? this.#victims.takeUnknown() : undefined);
      if (victim === undefined && this.#kernel.named && !late.includes(one)) return true;
      this.#tell(one.kill, victim);
      return false;
    });
    clearTimeout(this.#naming);
    const [next] = this.#unnamed;
    if (next !== undefined) this.#naming = setTimeout(() => this.#name(false), Math.max(1, next.until - now)).unref();
  }

  #tell(kill: OomKill, victim: OomVictim | undefined): void {
    const { counts, events, log } = this.#parts;
    counts.noteKmsg(this.#kernel.sequence);
    counts.save();
    const event = oomEvent(kill, victim);
    if (kill.kills <= (this.#journaled.get(nameOf(event)) ?? 0)) return;
    events.publish(event);
    const { container, pod, attributes } = event;
    log.warn({ container: container?.id, pod: pod?.id, name: nameOf(event), ...attributes }, 'OOM kill');
  }

  #forget(id: ContainerId): void {
    const one = this.#watched.get(id);
    if (one === undefined) return;
    letGo(one);
    this.#watched.delete(id);
    this.#parts.counts.forget(id);
  }

  /** Tells what is still waiting for its line. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#kernel.drain();
    for (const one of this.#watched.values()) {
      this.#look(one);
      letGo(one);
    }
    this.#name(true);
    clearTimeout(this.#naming);
    clearTimeout(this.#all);
    this.#kernel[Symbol.dispose]();
  }
}

function letGo(one: Watched): void {
  one.source?.[Symbol.dispose]();
  one.source = undefined;
  one.looks.forEach(clearTimeout);
  one.looks = [];
}

const nameOf = ({ pod, container }: Pick<CricketEvent, 'pod' | 'container'>) =>
  [pod?.namespace, pod?.name, container?.name].join('/');

/** By name: how many kills the journal tells of. A crash may come between it and the file of the counts. */
function journaledKills(recent: readonly CricketEvent[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const event of recent)
    if (event.action === 'oom')
      found.set(nameOf(event), Math.max(found.get(nameOf(event)) ?? 0, Number(event.attributes['kills'])));
  return found;
}
