import { nowNanos } from '../../base/clock.ts';
import { isoTime } from './event.ts';
import type { CricketEvent, NewEvent } from './event.ts';
import { Feed } from './feed.ts';
import type { Journal } from './journal.ts';

/** Where the rest of the daemon tells what happens. It costs microseconds and cannot fail. */
export interface EventSink {
  publish(event: NewEvent): void;
}

/** The last so many are kept in memory, for the status page. */
const mostRecent = 256;
/** Events that may wait for one reader. */
const mostWaiting = 8192;

/** Numbers the events of this node, hands them to who follows, and to the journal. */
export class EventLog implements EventSink {
  readonly #journal: Journal;
  readonly #feed = new Feed<CricketEvent>('events');
  readonly #recent: CricketEvent[];
  #seq: number;

  private constructor(journal: Journal, last: readonly CricketEvent[]) {
    this.#journal = journal;
    this.#recent = last.slice(-mostRecent);
    this.#seq = Math.max(0, ...last.map(({ seq }) => seq));
  }

  /** Goes on with the numbers where the last life of the daemon ended. */
  static async open(journal: Journal): Promise<EventLog> {
    return new EventLog(journal, await journal.latest());
  }

  publish(event: NewEvent): void {
    const whole: CricketEvent = { seq: ++this.#seq, time: isoTime(nowNanos()), ...event };
    this.#recent.push(whole);
    if (this.#recent.length > mostRecent) this.#recent.shift();
    this.#journal.append(whole);
    this.#feed.publish(whole);
  }

  /** The newest last. */
  recent(): readonly CricketEvent[] {
    return this.#recent;
  }

  /**
   * What the journal has, then what happens, without a gap or a double between them, until the signal fires.
   * Errors: the signal's, `resource_exhausted` for a reader that does not keep up.
   */
  async *follow(options: { readonly history: boolean }, signal: AbortSignal): AsyncGenerator<CricketEvent> {
    using live = this.#feed.subscribe(mostWaiting);
    const before = this.#seq;
    const told = new Set<number>();
    if (options.history)
      for await (const event of this.#journal.read()) {
        if (event.seq > before) told.add(event.seq);
        yield event;
      }
    for (;;) {
      const event = await live.next(signal);
      if (!told.delete(event.seq)) yield event;
    }
  }

  /** What the journal has, and no more. */
  history(): AsyncGenerator<CricketEvent> {
    return this.#journal.read();
  }
}
