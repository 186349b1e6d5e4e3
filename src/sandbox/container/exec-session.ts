import { abortError } from '../../base/abort.ts';
import { exitCodeOf } from '../../linux/pidfd.ts';
import type { Child } from '../../linux/process.ts';
import { execFailure, failureCode } from '../oci/exec-failure.ts';
import { requireContainer } from '../store/resolve.ts';
import type { Parts } from '../parts.ts';
import { makeExecGroup } from './exec-group.ts';
import type { ExecGroup, ProcessChanges } from './exec-group.ts';
import { runtimeOf } from './release.ts';
import type { ProcessSession, SessionEnd } from './session.ts';
import { streamOwner } from './shifted.ts';
import { startOnPipes } from './streams/exec-pipes.ts';
import { startOnTerminal } from './streams/exec-terminal.ts';
import type { StartedExec } from './streams/started-exec.ts';

export type ExecSessionParts = Pick<
  Parts,
  'cgroups' | 'lifetime' | 'log' | 'paths' | 'reach' | 'runtimes' | 'settings' | 'store' | 'watcher'
>;

export interface ExecSessionRequest {
  /** Or a unique beginning of it. */
  readonly containerId: string;
  readonly command: readonly string[];
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  /** Never together with `tty`: a terminal has one output. */
  readonly stderr: boolean;
  readonly process?: ProcessChanges;
}

/** Milliseconds that a program has between the hang-up of its terminal and its end. */
const hangUpMs = 10_000;

/**
 * Starts a program in a running container, in a cgroup of its own. The signal ends it only before this resolves;
 * then the session's `hangUp` does. A program that cannot be run says so where it would print, and ends by 126 or 127.
 * Errors: `not_found`, `failed_precondition` unless the container runs.
 */
export async function openExecSession(
  parts: ExecSessionParts,
  request: ExecSessionRequest,
  signal: AbortSignal,
): Promise<ProcessSession> {
  const container = requireContainer(parts.store, request.containerId);
  const runtime = runtimeOf(parts, container.record.handler);
  const one = { runtime, id: container.record.id, owner: streamOwner(parts, container) };
  using _moves = parts.cgroups.expectMoves();
  const process = { ...request.process, command: request.command, terminal: request.tty };
  const group = await makeExecGroup(parts, container, process);
  let started: StartedExec;
  try {
    const start = request.tty ? startOnTerminal : startOnPipes;
    started = await start(parts, { ...one, group, wanted: request }, signal);
  } catch (error) {
    void group.leave();
    throw error;
  }
  parts.reach('exec:spawned');
  const session = toSession(parts, group, started, request.tty);
  if (!signal.aborted) return session;
  void group.killUntil(started.child.ended);
  // Nobody will read them, and an output that waits for its reader has no end.
  for (const stream of [session.stdin, session.stdout, session.stderr]) stream?.destroy();
  throw abortError(signal);
}

function toSession(parts: ExecSessionParts, group: ExecGroup, started: StartedExec, tty: boolean): ProcessSession {
  let state: 'attached' | 'detached' | 'hung-up' | 'ended' = 'attached';
  const onLifetime = () => void group.killUntil(started.child.ended);
  if (parts.lifetime.aborted) onLifetime();
  else parts.lifetime.addEventListener('abort', onLifetime, { once: true });
  const exited = follow(started).finally(() => {
    state = 'ended';
    parts.lifetime.removeEventListener('abort', onLifetime);
    parts.reach('exec:exited');
    void group.leave();
  });
  const detached = started.detached.then((): SessionEnd => {
    state = 'detached';
    return { how: 'detached' };
  });
  return {
    ...started.session,
    hangUp() {
      if (state !== 'attached') return;
      state = 'hung-up';
      started.hangUp();
      if (tty) {
        endLate(group, started.child);
        return;
      }
      // It is the container's now, and outlives us as that.
      parts.lifetime.removeEventListener('abort', onLifetime);
      group.handOver();
    },
    ended: Promise.race([exited, detached]),
  };
}

async function follow(started: StartedExec): Promise<SessionEnd> {
  const ending = await started.child.ended;
  const printed = await started.finish();
  const failure = execFailure({ ending, ...printed, cut: false });
  return { how: 'exited', code: failure === undefined ? exitCodeOf(ending) : failureCode(failure) };
}

/** A program that bears the hang-up does not bear this, nor does what it left in its cgroup. */
function endLate(group: ExecGroup, child: Child): void {
  const timer = setTimeout(() => void group.killUntil(child.ended), hangUpMs).unref();
  void child.ended.then(() => clearTimeout(timer));
}
