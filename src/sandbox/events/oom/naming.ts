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
  readonly #readOn: () => void;
  #unnamed: Unnamed[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `readOn`: reads the kernel's log to its end. */
  constructor(
    victims: Victims,
    tell: (kill: OomKill, victim: OomVictim | undefined) => void,
    readOn: () => void = () => undefined,
  ) {
    this.#victims = victims;
    this.#tell = tell;
    this.#readOn = readOn;
  }

  /** `hopeful`: there will be a line, mostly. */
  add(kill: OomKill, hopeful: boolean): void {
    this.#unnamed.push({ kill, until: performance.now() + (hopeful ? nameMs : 0) });
  }

  /** Containers of kills without a name, each as often as it has such. */
  get missing(): readonly string[] {
    return this.#unnamed.map(({ kill }) => kill.container.record.id);
  }

  /** Tells of the kills whose victim is known. */
  match(): void {
    this.#tellOf(() => false);
  }

  /** `nameless`: whether one without a victim has waited long enough. */
  #tellOf(nameless: (one: Unnamed) => boolean): void {
    const missing = new Set(this.missing);
    this.#unnamed = this.#unnamed.filter((one) => {
      const { kill } = one;
      const victim = this.#victims.take(kill.container.record.id, missing);
      if (victim === undefined && !nameless(one)) return true;
      if (victim === undefined) this.#victims.discard(kill.container.record.id);
      this.#tell(kill, victim);
      return false;
    });
    clearTimeout(this.#timer);
    const [next] = this.#unnamed;
    if (next === undefined) return;
    this.#timer = setTimeout(() => this.#late(), Math.max(1, next.until - performance.now())).unref();
  }

  /** Where the loop was busy all the while, the line is there and nobody has read it. */
  #late(): void {
    const now = performance.now();
    this.#readOn();
    // After what the lines without a container set off.
    queueMicrotask(() => this.#tellOf(({ until }) => until <= now));
  }

  /** Tells what still waits. */
  [Symbol.dispose](): void {
    this.#tellOf(() => true);
    clearTimeout(this.#timer);
  }
}
