import { closeQuietly } from '../../../linux/fds.ts';
import { openPidfd, startTimeOf } from '../../../linux/pidfd.ts';
import type { Watcher } from '../../../linux/watcher.ts';
import type { OomCounts } from '../oom-counts.ts';
import type { LastKill } from './last-kill.ts';

/** A victim that has not ended yet. */
interface Dying extends Disposable {
  readonly id: string;
  readonly pid: number;
}

/**
 * When containers were hit last. A victim has its SIGKILL when the kernel tells of it, and takes its time to end: the
 * longer, the more memory it gives back and the less CPU it may have. Its parent learns of it only then, so that the kill is as
 * late as that.
 */
export class KillTimes implements Disposable {
  readonly #counts: Pick<OomCounts, 'lastKill' | 'noteKill'>;
  readonly #watcher: Pick<Watcher, 'onReadable'>;
  readonly #dying = new Set<Dying>();

  constructor(counts: Pick<OomCounts, 'lastKill' | 'noteKill'>, watcher: Pick<Watcher, 'onReadable'>) {
    this.#counts = counts;
    this.#watcher = watcher;
  }

  /** A counter has risen. `exact`: a moment ago. */
  counted(id: string, exact: boolean): void {
    this.#counts.noteKill(id, { at: Date.now(), init: false, exact });
  }

  /** The kernel told of the victim. */
  named(id: string, pid: number, kill: LastKill): void {
    this.#counts.noteKill(id, kill);
    if (kill.exact && !kill.init) this.#awaitEnd(id, pid);
  }

  /** Undefined: never. */
  last(id: string): LastKill | undefined {
    // The end of the container may be told before that of the victim, which came first.
    for (const one of this.#dying) if (one.id === id && startTimeOf(one.pid) === undefined) this.#ended(one);
    return this.#counts.lastKill(id);
  }

  #awaitEnd(id: string, pid: number): void {
    const fd = openQuietly(pid);
    if (fd === undefined) {
      this.counted(id, true);
      return;
    }
    const watched = this.#watcher.onReadable(fd, () => this.#ended(one));
    const dispose = () => {
      watched[Symbol.dispose]();
      closeQuietly(fd);
    };
    const one = { id, pid, [Symbol.dispose]: dispose };
    this.#dying.add(one);
  }

  #ended(one: Dying): void {
    if (!this.#dying.delete(one)) return;
    one[Symbol.dispose]();
    this.counted(one.id, true);
  }

  [Symbol.dispose](): void {
    for (const one of this.#dying) one[Symbol.dispose]();
    this.#dying.clear();
  }
}

/** Undefined where it is gone, or cannot be watched: a thread that leads no process, no descriptor left. */
function openQuietly(pid: number): number | undefined {
  try {
    return openPidfd(pid);
  } catch {
    return undefined;
  }
}
