import { finished } from 'node:stream/promises';
import type { Readable, Writable } from 'node:stream';
import { errorFrom, fail } from '../../../base/errors.ts';
import type { ProcessSession, SessionEnd } from '../../../sandbox/container/session.ts';
import { readSizes } from './resize.ts';
import { failure, statusOf } from './status.ts';
import type { RemoteStreams } from './streams.ts';

/** How a session went, for the log. */
export type ServedEnd =
  SessionEnd | { readonly how: 'client gone' } | { readonly how: 'failed'; readonly reason: string };

/**
 * Joins a client with a process until one of them is gone. The signal ends the session, with its reason as the error
 * that the client reads. Never rejects.
 */
export async function serveProcess(
  remote: RemoteStreams,
  kind: 'exec' | 'attach',
  open: (signal: AbortSignal) => Promise<ProcessSession>,
  signal: AbortSignal,
): Promise<ServedEnd> {
  const ending = AbortSignal.any([signal, remote.gone]);
  try {
    const session = await open(ending);
    return await join(remote, kind, session, ending);
  } catch (thrown) {
    if (remote.gone.aborted) return { how: 'client gone' };
    const error = errorFrom(signal.aborted ? signal.reason : thrown);
    await remote.finish(failure(error));
    return { how: 'failed', reason: error.message };
  }
}

async function join(
  remote: RemoteStreams,
  kind: 'exec' | 'attach',
  session: ProcessSession,
  ending: AbortSignal,
): Promise<ServedEnd> {
  const { promise: left, reject } = Promise.withResolvers<never>();
  const leave = () => {
    session.hangUp();
    // The process lives on, and writes to nobody: it must neither wait nor be killed for it.
    for (const output of [session.stdout, session.stderr]) output?.unpipe().resume();
    reject(fail('cancelled', 'the session was ended'));
  };
  left.catch(() => undefined);
  if (ending.aborted) leave();
  else ending.addEventListener('abort', leave, { once: true });
  try {
    feed(remote.stdin, session.stdin);
    if (remote.sizes !== undefined) readSizes(remote.sizes, (width, height) => session.resize(width, height));
    const outputs = [carry(session.stdout, remote.stdout), carry(session.stderr, remote.stderr)];
    const end = await Promise.race([session.ended, left]);
    // Who is let go, or has lost the process, does not wait for an output that goes on without him.
    if (end.how === 'exited') await Promise.race([Promise.all(outputs.map(({ over }) => over)), left]);
    else for (const { stop } of outputs) stop();
    await remote.finish(statusOf(end, kind));
    return end;
  } finally {
    ending.removeEventListener('abort', leave);
  }
}

/** The client's input to the process. One that no longer reads has its input thrown away, as a pipe would. */
function feed(from: Readable | undefined, to: Writable | undefined): void {
  if (from === undefined) return;
  if (to === undefined) {
    from.resume();
    return;
  }
  to.on('error', () => from.unpipe(to).resume());
  to.on('close', () => from.unpipe(to).resume());
  from.pipe(to);
}

interface Carried {
  /** Resolves when the last of it was handed over. */
  readonly over: Promise<unknown>;
  readonly stop: () => void;
}

/** The process's output to the client. */
function carry(from: Readable | undefined, to: Writable | undefined): Carried {
  const stop = () => {
    if (to !== undefined) from?.unpipe(to);
    from?.resume();
  };
  if (from === undefined || to === undefined) {
    stop();
    return { over: Promise.resolve(), stop };
  }
  from.on('error', () => undefined);
  to.on('close', stop);
  from.pipe(to);
  const over = Promise.all([finished(from, { cleanup: true }), finished(to, { readable: false, cleanup: true })]);
  return { over: over.catch(() => undefined), stop };
}
