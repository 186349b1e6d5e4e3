import { sleep } from '../base/abort.ts';
import { messageOf } from '../base/errors.ts';
import { trimHeap } from '../linux/heap.ts';
import { releaseProgramPages } from '../linux/resident.ts';
import { thawCommitted } from '../sandbox/container/commit.ts';
import { reconcile } from '../sandbox/reconcile.ts';
import type { ReconcileParts } from '../sandbox/reconcile.ts';
import { recover } from '../sandbox/recover.ts';
import { standaloneRepairs } from '../sandbox/standalone/end.ts';
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
  const repairs = [...(await recover(parts)), ...standaloneRepairs(parts), () => thawCommitted(parts)];
  const done = runRepairs(parts, repairs)
    .then(() => rounds(parts))
    .catch((error: unknown) => {
      if (!parts.lifetime.aborted) parts.log.error({ reason: messageOf(error) }, 'reconciling ended');
    });
  return { [Symbol.asyncDispose]: () => done };
}

async function runRepairs(parts: ReconcileParts, repairs: (() => Promise<void>)[]): Promise<void> {
  const worker = async () => {
    for (let repair = repairs.shift(); repair !== undefined; repair = repairs.shift()) {
      try {
        await repair();
      } catch (error) {
        if (parts.lifetime.aborted) return;
        parts.log.error({ reason: messageOf(error) }, 'repair failed; it is tried again');
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  await parts.images.collect(parts.lifetime);
}

async function rounds(parts: ReconcileParts): Promise<void> {
  const look = async () => {
    const found = await reconcile(parts);
    // What the start and the repairs touched is not wanted again soon.
    trimHeap();
    releaseProgramPages();
    return found;
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
