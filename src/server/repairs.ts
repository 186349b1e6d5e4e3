import { sleep } from '../base/abort.ts';
import { messageOf } from '../base/errors.ts';
import { trimHeap } from '../linux/heap.ts';
import { releaseProgramPages } from '../linux/resident.ts';
import { thawCommitted } from '../sandbox/container/commit.ts';
import { reconcile } from '../sandbox/reconcile.ts';
import type { ReconcileParts } from '../sandbox/reconcile.ts';
import { recover } from '../sandbox/recover.ts';
import { standaloneRepairs } from '../sandbox/standalone/end.ts';
import { attempt } from './attempt.ts';
import type { Work as Repair } from './attempt.ts';
import { lookInRounds } from './rounds.ts';

/** Milliseconds between two rounds. */
const roundMs = 60_000;
/** Repairs at the same time: they start processes. */
const atOnce = 4;

/**
 * Takes in what the last life of the daemon left; what can be known is known when this resolves. Repairs and
 * the periodic reconciling go on behind it until disposed.
 */
export async function startRepairs(parts: ReconcileParts): Promise<AsyncDisposable> {
  const repairs = await recover(parts);
  const once = [...standaloneRepairs(parts), () => thawCommitted(parts)];
  const run = async (all: readonly Repair[], then: string) =>
    attempt(all, {
      atOnce,
      signal: parts.lifetime,
      onFailure: (error) => parts.log.error({ reason: messageOf(error) }, `repair failed; ${then}`),
    });
  const again = async (all: readonly Repair[]) => run(all, 'it is tried again');
  const work = async () => {
    const owed = await again(repairs);
    await run(once, 'the next start tries');
    await parts.images.collect(parts.lifetime);
    await rounds(parts, owed, again);
  };
  const done = work().catch((error: unknown) => {
    if (!parts.lifetime.aborted) parts.log.error({ reason: messageOf(error) }, 'reconciling ended');
  });
  return { [Symbol.asyncDispose]: () => done };
}

async function rounds(
  parts: ReconcileParts,
  repairs: readonly Repair[],
  again: (repairs: readonly Repair[]) => Promise<readonly Repair[]>,
): Promise<void> {
  let owed = repairs;
  const look = async () => {
    const found = await reconcile(parts);
    owed = await again(owed);
    // What the start and the repairs touched is not wanted again soon.
    trimHeap();
    releaseProgramPages();
    return [...found, ...owed.map(() => 'a repair is owed')];
  };
  const observe = (onChange: () => void) =>
    parts.store.observe({
      podChanged: onChange,
      podDropped: onChange,
      containerChanged: onChange,
      containerDropped: onChange,
    });
  await lookInRounds({ look, observe, pause: async () => sleep(roundMs, parts.lifetime) });
}
