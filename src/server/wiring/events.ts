import { join } from 'node:path';
import { EventLog } from '../../sandbox/events/event-log.ts';
import { Feed } from '../../sandbox/events/feed.ts';
import { Journal } from '../../sandbox/events/journal.ts';
import { eventOf } from '../../sandbox/events/life-events.ts';
import { watchLives } from '../../sandbox/events/life.ts';
import type { LifeEvent } from '../../sandbox/events/life.ts';
import type { Store } from '../../sandbox/store/store.ts';
import { version } from '../version.ts';
import type { Given } from './given.ts';

const mib = 1024 * 1024;

/** The journal, from the first thing the daemon does to its last; and what it says of every pod and container. */
export async function openEvents({ config, log }: Given, store: Store, stack: AsyncDisposableStack) {
  const directory = join(config.root, 'events');
  const journal = stack.use(await Journal.open({ directory, maxBytes: config.events.journalMib * mib, log }));
  const events = await EventLog.open(journal);
  const tell = (action: 'start' | 'stop') =>
    events.publish({ type: 'daemon', action, attributes: { version, pid: process.pid } });
  tell('start');
  stack.defer(() => tell('stop'));
  const lives = new Feed<LifeEvent>('container events');
  const onLife = (event: LifeEvent) => {
    lives.publish(event);
    events.publish(eventOf(event));
  };
  store.observe(watchLives(store, onLife));
  return { events, lives };
}
