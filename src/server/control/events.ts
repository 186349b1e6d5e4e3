import { fail } from '../../base/errors.ts';
import type { CricketEvent } from '../../sandbox/events/event.ts';
import { parseFilters } from '../../sandbox/events/filter.ts';
import type { EventLog } from '../../sandbox/events/event-log.ts';
import type { Verb } from './verb.ts';

export const eventsPath = '/v1/events';

/** What a timer can hold. */
const longestMs = 2 ** 31 - 1;

/**
 * GET /v1/events?since=TIME&until=TIME&filter=KEY=VALUE…, times in ISO 8601. Without `since` from now on, without
 * `until` for ever; an `until` in the past ends with the journal.
 */
export function eventsVerb(log: Pick<EventLog, 'follow' | 'history'>): Verb {
  return {
    method: 'GET',
    path: eventsPath,
    run({ query }, signal) {
      const since = timeOf(query, 'since');
      const until = timeOf(query, 'until');
      const filter = parseFilters(query.getAll('filter'));
      const wanted = (event: CricketEvent) => (since === undefined || Date.parse(event.time) >= since) && filter(event);
      const left = until === undefined ? Infinity : until - Date.now();
      return until !== undefined && left <= 0
        ? past(log, until, wanted)
        : following(log, { history: since !== undefined, left, wanted }, signal);
    },
  };
}

function timeOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw fail('invalid_argument', `${name} ${JSON.stringify(text)} is no time in ISO 8601`);
  return time;
}

async function* past(log: Pick<EventLog, 'history'>, until: number, wanted: (event: CricketEvent) => boolean) {
  for await (const event of log.history()) if (Date.parse(event.time) <= until && wanted(event)) yield event;
}

interface Following {
  readonly history: boolean;
  /** Milliseconds until it ends. */
  readonly left: number;
  readonly wanted: (event: CricketEvent) => boolean;
}

async function* following(log: Pick<EventLog, 'follow'>, { history, left, wanted }: Following, signal: AbortSignal) {
  const timer = left < longestMs ? AbortSignal.timeout(left) : undefined;
  const ending = timer === undefined ? signal : AbortSignal.any([signal, timer]);
  try {
    for await (const event of log.follow({ history }, ending)) if (wanted(event)) yield event;
  } catch (error) {
    if (timer?.aborted !== true || signal.aborted) throw error;
  }
}
