import { makePrivateDirectory } from '../../base/checkpoint.ts';
import type { Logger } from '../../base/log.ts';
import type { CricketEvent } from './event.ts';
import { JournalLane } from './journal-lane.ts';

export interface JournalOptions {
  readonly directory: string;
  /** Bytes on disk at most, about. */
  readonly maxBytes: number;
  readonly log: Logger;
}

/** Bytes of each file's end that are looked at for what the last life wrote last. */
const tail = 64 * 1024;

/**
 * Events of the last days, bounded. Those of commands run in containers have a quarter of it for themselves: probes
 * come every few seconds for ever, and would push out all else.
 */
export class Journal implements AsyncDisposable {
  readonly #lives: JournalLane;
  readonly #execs: JournalLane;

  private constructor(lives: JournalLane, execs: JournalLane) {
    this.#lives = lives;
    this.#execs = execs;
  }

  /** Errors: the directory cannot be made. */
  static async open({ directory, maxBytes, log }: JournalOptions): Promise<Journal> {
    await makePrivateDirectory(directory);
    const lane = (name: string, share: number) => new JournalLane({ directory, name, maxBytes: maxBytes * share, log });
    return new Journal(lane('events', 0.75), lane('execs', 0.25));
  }

  append(event: CricketEvent): void {
    (event.action === 'exec' ? this.#execs : this.#lives).append(JSON.stringify(event));
  }

  /** All that was appended before the call, in order. */
  read(): AsyncGenerator<CricketEvent> {
    return inOrder(this.#lives.read(), this.#execs.read());
  }

  /** The last ones, in order. */
  async latest(): Promise<readonly CricketEvent[]> {
    const found: CricketEvent[] = [];
    for await (const event of inOrder(this.#lives.read(tail), this.#execs.read(tail))) found.push(event);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lives[Symbol.asyncDispose]();
    await this.#execs[Symbol.asyncDispose]();
  }
}

async function* inOrder(
  one: AsyncGenerator<CricketEvent>,
  other: AsyncGenerator<CricketEvent>,
): AsyncGenerator<CricketEvent> {
  try {
    let [a, b] = [await one.next(), await other.next()];
    while (a.done !== true || b.done !== true) {
      if (b.done === true || (a.done !== true && a.value.seq <= b.value.seq)) {
        if (a.done !== true) yield a.value;
        a = await one.next();
      } else {
        yield b.value;
        b = await other.next();
      }
    }
  } finally {
    await one.return(undefined);
    await other.return(undefined);
  }
}
