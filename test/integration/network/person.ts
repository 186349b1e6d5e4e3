import { WorkerPool } from '../../../src/linux/worker/pool.ts';
import type { InsideTasks, Target } from './inside-worker.ts';

/** Someone with a network of their own, in a Worker. */
export interface Person extends AsyncDisposable {
  /** The address that a listener at `host` sees us come from. */
  ask(host: string, target?: Partial<Omit<Target, 'host'>>): Promise<string>;
}

export const port = 7411;

/** A person in the namespace pinned at `netns` (undefined: on the host), listening on `port` over TCP and UDP. */
export async function person(netns: string | undefined): Promise<Person> {
  const module = new URL('./inside-worker.ts', import.meta.url);
  const pool = new WorkerPool<InsideTasks>({ name: 'person', module, size: 1, idleMs: Infinity });
  const signal = AbortSignal.timeout(20_000);
  if (netns !== undefined) await pool.call('enter', netns, signal);
  await pool.call('listen', port, signal);
  return {
    ask: async (host, target = {}) =>
      pool.call('ask', { protocol: 'tcp', host, port, ...target }, AbortSignal.timeout(8000)),
    [Symbol.asyncDispose]: async () => pool[Symbol.asyncDispose](),
  };
}
