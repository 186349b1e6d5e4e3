import { messageOf } from '../../../base/errors.ts';
import type { ContainerId } from '../../../base/ids.ts';
import type { OomVictim } from '../../../cgroups/events/oom-messages.ts';
import type { CgroupPath } from '../../../cgroups/path.ts';
import { isLive } from '../../container/state.ts';
import type { Parts } from '../../parts.ts';
import type { Container } from '../../store/store.ts';
import type { CricketEvent } from '../event.ts';
import type { OomCounts } from '../oom-counts.ts';
import type { OomEnds } from '../../container/exit.ts';
import { KernelKills } from './kernel-kills.ts';
import { KillTimes } from './kill-times.ts';
import { oomEvent, subjectOf } from './kill.ts';
import type { OomKill } from './kill.ts';
import { isOomEnd } from './last-kill.ts';
import type { KilledEnd } from './last-kill.ts';
import { Naming } from './naming.ts';
import { journaledKills, nameOf, newKills } from './new-kills.ts';
import { ParentKills } from './parent-kills.ts';
import { Victims } from './victims.ts';
import { isRecent, letGo, openSource, watched } from './watched.ts';
import type { Watched } from './watched.ts';

export type OomParts = Pick<Parts, 'cgroups' | 'events' | 'log' | 'store' | 'watcher'> & {
  readonly counts: OomCounts;
  /** The last events of the journal: what is in it is not told again. */
  readonly recent: readonly CricketEvent[];
};

/** v1 tells before the kill, and the kill may take its time: looks after that many milliseconds. */
const looksMs = [5, 25, 100, 300, 700];
/** Milliseconds between two looks at every container. */
const allMs = 50;

/**
 * Sees every OOM kill in our containers. That there was one, and in which container, is counted by the cgroups, which
 * miss none; who it was stands in the kernel's log, which may be unreadable, overwritten or cut short. Whatever wakes us
 * (a cgroup's event, a line of the log, the end of a container, the removal of a cgroup) only makes us read the counters.
 */
export class OomWatch implements Disposable, OomEnds {
  readonly #parts: OomParts;
  readonly #watched = new Map<string, Watched>();
  readonly #victims: Victims;
  readonly #naming: Naming;
  readonly #kernel: KernelKills;
  readonly #parents: ParentKills;
  readonly #times: KillTimes;
  /** What the journal told of before this life; a crash may have come between it and the counts. */
  readonly #journaled: ReadonlyMap<string, number>;
  #all: NodeJS.Timeout | undefined;
  #nameless: OomVictim[] = [];
  #closed = false;
  #early = true;

  constructor(parts: OomParts) {
    this.#parts = parts;
    this.#parents = new ParentKills(parts.cgroups);
    this.#times = new KillTimes(parts.counts, parts.watcher);
    this.#victims = new Victims(
      (id) => this.#watched.has(id),
      (pid) => this.#containerOfInit(pid),
    );
    const readOn = () => this.#kernel.drain('at once');
    this.#naming = new Naming(this.#victims, (kill, victim) => this.#tell(kill, victim), readOn);
    this.#journaled = journaledKills(parts.recent);
    this.#kernel = new KernelKills({
      watcher: parts.watcher,
      after: parts.counts.kmsgSequence,
      onVictim: (victim, old, at) => this.#onVictim(victim, old, at),
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
    for (const container of this.#parts.store.containers.values()) this.#changed(container);
    // Before the counters: the log knows when.
    this.#kernel.drain('at once');
    for (const one of this.#watched.values()) this.#look(one);
    this.#early = false;
  }

  isOomEnd({ record }: Container, end: KilledEnd): boolean {
    this.#kernel.drain('at once');
    const one = this.#watched.get(record.id);
    if (one !== undefined) this.#lookAtEnd(one);
    const kill = this.#times.last(record.id);
    if (isOomEnd(kill, end)) return true;
    if (kill !== undefined) this.#parts.log.info({ container: record.id, kill, end }, 'the end is not of its OOM kill');
    return false;
  }

  /** Its cgroup may be gone already, with a count that nobody read. */
  #lookAtEnd(one: Watched): void {
    this.#look(one);
    if (this.#parts.cgroups.exists(one.container.record.cgroup as CgroupPath)) return;
    const missing = this.#parents.unexplained(one, this.#watched.values());
    if (missing <= 0) return;
    one.ledger.credit(missing);
    this.#look(one);
  }

  #changed(container: Container): void {
    if (this.#closed) return;
    const { record, state } = container;
    const { id } = record;
    let one = this.#watched.get(id);
    if (one === undefined && (isLive(state) || (state.kind === 'exited' && !state.released))) {
      one = watched(container, this.#parts.counts.seenOf(id));
      this.#parents.add(one, this.#watched.values());
      this.#watched.set(id, one);
      one.source = openSource(this.#parts, one, () => this.#wake(id));
    }
    if (one === undefined || isLive(state)) return;
    this.#kernel.drain();
    this.#look(one);
    letGo(one);
  }

  /** An end that is not released yet has happened just now, mostly by this very kill; and so has a kill without a name. */
  #containerOfInit(pid: number): string | undefined {
    for (const [id, one] of this.#watched)
      if (one.initPid === pid && (isRecent(one) || this.#naming.missing.includes(id))) return id;
    return undefined;
  }

  #wake(id: string): void {
    const one = this.#watched.get(id);
    if (one === undefined) return;
    // A kill is near, or was just now: whoever is in there may be it.
    this.#look(one, 'processes too');
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

  #onVictim(victim: OomVictim, old: boolean, at: number): void {
    const found = this.#victims.containerOf(victim, old);
    if (found === 'none of ours') return;
    if (found === undefined) {
      // After the batch of lines that it came with.
      if (!old && this.#nameless.push(victim) === 1) queueMicrotask(() => this.#findNameless());
      return;
    }
    const one = this.#watched.get(found.id);
    if (one === undefined) return;
    this.#times.named(found.id, victim.pid, { at, init: victim.pid === one.initPid, exact: !old });
    one.hasLine = true;
    this.#victims.keep(victim, new Set([found.id]));
    if (found.cell !== undefined) one.ledger.read(found.cell, old);
    this.#look(one);
    this.#naming.match();
  }

  /**
   * Lines that name no container, and processes that are gone. The kernel counts before it prints: after a look at all
   * counters, they are of containers that have new kills without a name, or of nobody here.
   */
  #findNameless(): void {
    const lines = this.#nameless;
    this.#nameless = [];
    if (this.#closed) return;
    for (const one of this.#watched.values()) this.#look(one);
    const { missing } = this.#naming;
    // With more lines than kills some are of others, and nobody can tell which.
    if (lines.length <= missing.length) for (const line of lines) this.#victims.keep(line, new Set(missing));
    this.#naming.match();
  }

  /** Lines were lost: any container can have been hit. */
  #lookAtAll(): void {
    this.#all ??= setTimeout(() => {
      this.#all = undefined;
      for (const one of this.#watched.values()) this.#look(one);
    }, allMs).unref();
  }

  /** Never throws: those who wake us have work of their own to do. */
  #look(one: Watched, wanted?: 'processes too'): void {
    try {
      if (wanted === 'processes too') {
        const { id, cgroup } = one.container.record;
        this.#victims.learn(id, this.#parts.cgroups.processes(cgroup as CgroupPath));
      }
      const found = newKills(this.#parts, one, this.#early);
      if (found.length === 0) return;
      // Of a kill while we were away the log's line says the time better.
      if (!this.#early || !one.hasLine) this.#times.counted(one.container.record.id, !this.#early);
      for (const kill of found) this.#naming.add(kill, this.#kernel.named);
      this.#naming.match();
    } catch (error) {
      const fields = { container: one.container.record.id, reason: messageOf(error) };
      this.#parts.log.warn(fields, 'OOM kills of a container not read; the next look will');
    }
  }

  /** Counted only when told: what a crash keeps from being told is found and counted again. */
  #tell(kill: OomKill, victim: OomVictim | undefined): void {
    const { counts, events, log } = this.#parts;
    counts.noteKmsg(this.#kernel.sequence);
    const kills = counts.count(subjectOf(kill), kill.cell, Date.now());
    if (!this.#watched.has(kill.container.record.id)) counts.forget(kill.container.record.id);
    const event = oomEvent(kill, victim, kills);
    if (kill.early && kills <= (this.#journaled.get(nameOf(event)) ?? 0)) return;
    events.publish(event);
    const { container, pod, attributes } = event;
    log.warn({ container: container?.id, pod: pod?.id, name: nameOf(event), ...attributes }, 'OOM kill');
  }

  #forget(id: ContainerId): void {
    const one = this.#watched.get(id);
    this.#watched.delete(id);
    if (one !== undefined) {
      letGo(one);
      this.#parents.forget(one, this.#watched.values());
    }
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
    this.#naming[Symbol.dispose]();
    clearTimeout(this.#all);
    this.#times[Symbol.dispose]();
    this.#kernel[Symbol.dispose]();
  }
}
