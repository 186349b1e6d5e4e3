import { join } from 'node:path';
import type { CricketEvent } from '../../../src/sandbox/events/event.ts';
import { streamControl } from '../../../src/server/control/client.ts';
import { eventsPath } from '../../../src/server/control/events.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { patience } from '../../fixtures/pace.ts';

export const MiB = 1024n * 1024n;
/** Memory that a shell has room in, and a hog soon has not. */
export const hogLimit = { memoryLimitInBytes: 16n * MiB };

/** A shell script that takes memory until it is killed. Nothing a name does to a shell does harm here. */
export const hog = (comm = 'hog') => `printf '%s' '${comm}' > /proc/self/comm; x=0123456789; while :; do x=$x$x; done`;
/** One in a child of the shell, which goes on. */
export const childHog = (comm?: string) => `(exec sh -c '${hog(comm).replaceAll("'", `'"'"'`)}')`;

/** What the journal has, over the control socket as `cricket events --since … --until` asks for it. */
export async function journal(cricket: Cricket, ...filter: readonly string[]): Promise<CricketEvent[]> {
  const query = { since: '2020-01-01T00:00:00Z', until: new Date().toISOString(), filter };
  const socket = join(cricket.state, 'control.sock');
  const call = { socket, method: 'GET', path: eventsPath, query, body: undefined } as const;
  const found: CricketEvent[] = [];
  for await (const event of streamControl(call, AbortSignal.timeout(patience(10_000))))
    found.push(event as CricketEvent);
  return found;
}
