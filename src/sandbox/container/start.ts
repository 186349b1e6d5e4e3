import { nowNanos } from '../../base/clock.ts';
import { errorFrom, fail } from '../../base/errors.ts';
import { describeSpan, traced } from '../../base/trace.ts';
import { startContainer as runtimeStart } from '../oci/runtime.ts';
import type { Container } from '../store/store.ts';
import { isReady } from '../pod/state.ts';
import type { Parts } from '../parts.ts';
import { containerTitle } from './record.ts';
import { releaseHeld, runtimeOf } from './release.ts';
import { startError, startRefusal } from './unstartable.ts';
import type { StopParts } from './stop.ts';
import { isLive } from './state.ts';
import type { CgroupPath } from '../../cgroups/path.ts';

export type StartParts = StopParts & Pick<Parts, 'flights' | 'lifetime' | 'locks' | 'log' | 'reach' | 'store'>;

const startTimeoutMs = 60_000;

/**
 * Runs the program of a created container. One that runs already is fine: a retry after a lost answer.
 * Errors: `failed_precondition` for one that ended or was made only to say why it cannot run; the runtime's message
 * when it cannot run, and then the container is EXITED 128 `StartError` with that message.
 */
export async function startContainer(parts: StartParts, container: Container, signal: AbortSignal): Promise<void> {
  await parts.flights.join(`start ${container.record.id}`, () => startNow(parts, container), signal);
}

async function startNow(parts: StartParts, container: Container): Promise<void> {
  const { record } = container;
  const signal = AbortSignal.any([parts.lifetime, AbortSignal.timeout(startTimeoutMs)]);
  describeSpan({ 'container.id': record.id, 'k8s.container.name': record.config.name });
  using _held = await parts.locks.acquire(record.id, signal);
  if (container.state.kind === 'running') return;
  const refusal = startRefusal(record, container.state);
  if (refusal !== undefined) throw fail('failed_precondition', refusal);
  if (container.state.kind !== 'created')
    throw fail('failed_precondition', `${containerTitle(record)} is ${container.state.kind} and cannot be started`);
  const pod = parts.store.pods.get(record.podId);
  if (pod === undefined || !isReady(pod.state))
    throw fail('failed_precondition', `${containerTitle(record)}: its sandbox is not ready; make a new one`);
  await traced('container.intent', () => container.change({ kind: 'starting' }));
  parts.reach('start:intent');
  const at = nowNanos();
  try {
    await runtimeStart(parts.watcher, runtimeOf(parts, record.handler), record.id);
  } catch (thrown) {
    const error = errorFrom(thrown);
    if (wasKilled.test(error.message)) {
      // By a stop, mostly. Its end is that of the kill; the exit file tells it.
      await container.until((state) => !isLive(state), signal);
      throw fail('failed_precondition', `${containerTitle(record)} was ended before it could be started`, thrown);
    }
    const said = error.message.replaceAll(record.id, record.config.name);
    await failStart(parts, container, said, signal);
    // Without an id, which each try has anew: the kubelet counts events of one text.
    throw fail(error.code, `container ${record.config.name} could not be started: ${said}`, thrown);
  }
  parts.reach('start:runtime');
  await traced('container.save', () => container.note({ kind: 'started', at }));
  parts.reach('start:saved');
  parts.log.info({ container: record.id, pod: record.podId }, 'container started');
}

/** What crun and runc say of a created container whose process is no more. */
const wasKilled = /is not running|that has stopped/i;

async function failStart(parts: StartParts, container: Container, message: string, signal: AbortSignal): Promise<void> {
  if (isLive(container.state)) await container.note({ kind: 'ended', ...startError, message, at: nowNanos() });
  await parts.cgroups.kill(container.record.cgroup as CgroupPath, signal);
  await releaseHeld(parts, container, signal);
}
