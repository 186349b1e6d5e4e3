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

  /** Containers of kills without a name, each as often as it has such. */
  get missing(): readonly string[] {
    return this.#unnamed.map(({ kill }) => kill.container.record.id);
  }

  /** Tells of the kills whose victim is known; at the end of their time, of the others too. */
  match(last = false): void {
    const now = performance.now();
    const missing = new Set(this.missing);
    this.#unnamed = this.#unnamed.filter(({ kill, until }) => {
      const victim = this.#victims.take(kill.container.record.id, missing);
      if (victim === undefined && !last && until > now) return true;
      if (victim === undefined) this.#victims.discard(kill.container.record.id);
      this.#tell(kill, victim);
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
