import { withTimeout } from '../../base/abort.ts';
import { fail } from '../../base/errors.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import { aboutContainer } from '../events/event.ts';
import type { Parts } from '../parts.ts';
import type { Container } from '../store/store.ts';
import { containerTitle } from './record.ts';

type PauseParts = Pick<Parts, 'cgroups' | 'events' | 'locks' | 'store'>;

const freezeTimeoutMs = 10_000;

/**
 * Holds all processes of a running container still, by its cgroup's freezer; CRI has no word for it, and lists it as
 * running. It outlives the daemon, and ends by `unpauseContainer`, a stop or a removal. Twice is as good as once.
 * Errors: `failed_precondition` unless it runs, `deadline_exceeded` when it does not hold still within 10 s.
 */
export async function pauseContainer(parts: PauseParts, container: Container, signal: AbortSignal): Promise<void> {
  const { record } = container;
  using _held = await parts.locks.acquire(record.id, signal);
  const cgroup = running(container, 'pause');
  if (parts.cgroups.frozen(cgroup)) return;
  await parts.cgroups.freeze(cgroup, withTimeout(signal, freezeTimeoutMs));
  tell(parts, container, 'pause');
}

/** Errors: `failed_precondition` unless it runs. One that is not paused is fine. */
export async function unpauseContainer(parts: PauseParts, container: Container, signal: AbortSignal): Promise<void> {
  using _held = await parts.locks.acquire(container.record.id, signal);
  const cgroup = running(container, 'unpause');
  const was = parts.cgroups.frozen(cgroup);
  parts.cgroups.thaw(cgroup);
  if (was) tell(parts, container, 'unpause');
}

function running({ record, state }: Container, what: string): CgroupPath {
  if (state.kind === 'running') return record.cgroup as CgroupPath;
  throw fail('failed_precondition', `${what} ${containerTitle(record)}: it is ${state.kind}, not running`);
}

function tell(parts: PauseParts, container: Container, action: 'pause' | 'unpause'): void {
  const about = aboutContainer(container, parts.store.pods.get(container.record.podId));
  parts.events.publish({ type: 'container', action, ...about, attributes: {} });
}
