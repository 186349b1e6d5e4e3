import { constants } from 'node:os';
import { abortError, sleep, withTimeout } from '../../base/abort.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import { wouldBeLost } from '../../linux/signals.ts';
import { aboutContainer } from '../events/event.ts';
import type { Container } from '../store/store.ts';
import type { Parts } from '../parts.ts';
import type { ExitWatch } from './exit-watch.ts';
import type { ReleaseParts } from './release.ts';
import { isLive } from './state.ts';

export type StopParts = ReleaseParts &
  Pick<Parts, 'cgroups' | 'events' | 'lifetime' | 'log' | 'reach' | 'store'> & { readonly exits: ExitWatch };

/** Milliseconds a killed container may take to be gone: a process in uninterruptible sleep cannot be hurried. */
const killTimeoutMs = 30_000;

/**
 * Ends a container: its stop signal, then after `seconds` SIGKILL to its whole cgroup. Idempotent; the
 * soonest kill of concurrent stops wins. Errors: the signal's, when the caller goes before the end.
 */
export async function stopContainer(
  parts: StopParts,
  container: Container,
  seconds: number,
  signal: AbortSignal,
): Promise<void> {
  if (!isLive(container.state)) return;
  await endContainer(parts, container, seconds, signal);
  const about = aboutContainer(container, parts.store.pods.get(container.record.podId));
  parts.events.publish({ type: 'container', action: 'stop', ...about, attributes: { graceSeconds: seconds } });
}

async function endContainer(parts: StopParts, container: Container, seconds: number, signal: AbortSignal) {
  const { state, record } = container;
  if (isLive(state) && state.kind !== 'created' && seconds > 0) {
    const lost = wouldBeLost(state.init.pid, record.stopSignal);
    parts.exits.signalInit(record.id, record.stopSignal);
    // One that is paused would not hear of it before it is killed.
    parts.cgroups.thaw(record.cgroup as CgroupPath);
    parts.reach('stop:signalled');
    const ended = endsWithin(container, seconds * 1000, signal);
    if (lost) await signalOnceHandled(parts, container, ended);
    if (await ended) return;
    parts.log.info({ container: record.id, seconds }, 'grace period over: killing the container');
  }
  await killContainer(parts, container, signal);
}

/** A program stopped right after its start may not have its handler yet, and the kernel forgot the signal. */
async function signalOnceHandled(parts: StopParts, { record, state }: Container, ended: Promise<boolean>) {
  if (!isLive(state)) return;
  const over = new AbortController();
  const end = () => over.abort();
  ended.then(end, end);
  try {
    for (let pause = 2; wouldBeLost(state.init.pid, record.stopSignal); pause = Math.min(pause * 2, 500))
      await sleep(pause, over.signal);
  } catch {
    return;
  }
  parts.exits.signalInit(record.id, record.stopSignal);
}

async function killContainer(parts: StopParts, container: Container, signal: AbortSignal): Promise<void> {
  const deadline = withTimeout(signal, killTimeoutMs);
  parts.exits.signalInit(container.record.id, constants.signals.SIGKILL);
  await parts.cgroups.kill(container.record.cgroup as CgroupPath, deadline);
  parts.reach('stop:killed');
  await container.until((state) => !isLive(state), deadline);
}

/** Capped at what a timer can hold: 24 days. */
async function endsWithin(container: Container, ms: number, signal: AbortSignal): Promise<boolean> {
  const timer = AbortSignal.timeout(Math.min(ms, 2 ** 31 - 1));
  try {
    await container.until((state) => !isLive(state), AbortSignal.any([signal, timer]));
    return true;
  } catch (error) {
    if (signal.aborted) throw abortError(signal);
    if (timer.aborted) return false;
    throw error;
  }
}
