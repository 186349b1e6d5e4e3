import { setTimeout as delay } from 'node:timers/promises';
import { fail } from './errors.ts';

/**
 * Waits for work that goes on without us: the signal ends the wait, never the work.
 * Errors: the signal's reason as `cancelled` or `deadline_exceeded`.
 */
export async function waitFor<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    work.catch(() => undefined);
    throw abortError(signal);
  }
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(abortError(signal));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    work.catch(() => undefined);
  }
}

/** Throws the signal's reason as a CricketError if it has fired. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw abortError(signal);
}

/** The signal's reason with a code: a fired timer is `deadline_exceeded`, anything else `cancelled`. */
export function abortError(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  if (reason instanceof Error && reason.name === 'CricketError') return reason;
  if (reason instanceof Error && reason.name === 'TimeoutError')
    return fail('deadline_exceeded', 'the deadline passed while waiting', reason);
  return fail('cancelled', 'the caller went away', reason);
}

/** `signal` narrowed by a time limit in milliseconds. */
export function withTimeout(signal: AbortSignal, ms: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ms)]);
}

/** Sleeps; the signal ends it early with its error. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    throw signal.aborted ? abortError(signal) : error;
  }
}
