import type { OomVictim } from '../../../cgroups/events/oom-messages.ts';
import type { OomKill } from './kill.ts';
import type { Victims } from './victims.ts';

/** Milliseconds a counted kill waits for the kernel's line about it. */
const nameMs = 300;

interface Unnamed {
  readonly kill: OomKill;
  readonly until: number;
}

/** Brings counted kills and the kernel's lines together, whichever comes first. */
export class Naming implements Disposable {
  readonly #victims: Victims;
  readonly #tell: (kill: OomKill, victim: OomVictim | undefined) => void;
  #unnamed: Unnamed[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(victims: Victims, tell: (kill: OomKill, victim: OomVictim | undefined) => void) {
    this.#victims = victims;
    this.#tell = tell;
  }

  /** `hopeful`: there will be a line, mostly. */
  add(kill: OomKill, hopeful: boolean): void {
    this.#unnamed.push({ kill, until: performance.now() + (hopeful ? nameMs : 0) });
  }

  /** Tells of the kills whose victim is known; at the end of their time, of the others too. */
  match(last = false): void {
    const now = performance.now();
    const late = this.#unnamed.filter(({ until }) => last || until <= now);
    // Victims of which nothing is known are his who alone misses some, and as many. A wrong name is worse than none.
    const missing = new Set(this.#unnamed.map(({ kill }) => kill.container.record.id));
    const alone = missing.size === 1 && this.#victims.unknown === this.#unnamed.length;
    this.#unnamed = this.#unnamed.filter((one) => {
      const isLate = late.includes(one);
      const known = this.#victims.take(one.kill.container.record.id);
      const victim = known ?? (alone && isLate ? this.#victims.takeUnknown() : undefined);
      if (victim === undefined && !isLate) return true;
      this.#tell(one.kill, victim);
      return false;
    });
    clearTimeout(this.#timer);
    const [next] = this.#unnamed;
    if (next !== undefined) this.#timer = setTimeout(() => this.match(), Math.max(1, next.until - now)).unref();
  }

  /** Tells what still waits. */
  [Symbol.dispose](): void {
    this.match(true);
    clearTimeout(this.#timer);
  }
}
