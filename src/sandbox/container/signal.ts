import { constants } from 'node:os';
import { fail } from '../../base/errors.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import { wouldBeLost } from '../../linux/signals.ts';
import { aboutContainer } from '../events/event.ts';
import type { Parts } from '../parts.ts';
import type { Container } from '../store/store.ts';
import type { ExitWatch } from './exit-watch.ts';
import { containerTitle } from './record.ts';

type SignalParts = Pick<Parts, 'cgroups' | 'events' | 'store'> & { readonly exits: ExitWatch };

/** What became of a signal. */
export interface Signalled {
  /** It has no handler for it: the kernel throws away such signals to the first process of a PID namespace. */
  readonly unhandled: boolean;
  /** It is held still, and acts on it when it goes on. */
  readonly pending: boolean;
}

/** No handler is possible, and none needed (signal(7)). */
const unstoppable: readonly number[] = [constants.signals.SIGKILL, constants.signals.SIGSTOP];

/**
 * Sends a signal to the init process of a running container; CRI can only stop. One that is paused goes on if the signal
 * is to end it. Errors: `failed_precondition` unless it runs.
 */
export function signalContainer(parts: SignalParts, container: Container, signal: number): Signalled {
  const { record, state } = container;
  if (state.kind !== 'running')
    throw fail('failed_precondition', `kill ${containerTitle(record)}: it is ${state.kind}, not running`);
  const cgroup = record.cgroup as CgroupPath;
  const unhandled = !unstoppable.includes(signal) && wouldBeLost(state.init.pid, signal);
  if (!parts.exits.signalInit(record.id, signal))
    throw fail('failed_precondition', `kill ${containerTitle(record)}: its process has ended already`);
  if (signal === constants.signals.SIGKILL || signal === record.stopSignal) parts.cgroups.thaw(cgroup);
  const about = aboutContainer(container, parts.store.pods.get(record.podId));
  parts.events.publish({ type: 'container', action: 'kill', ...about, attributes: { signal } });
  return { unhandled, pending: parts.cgroups.frozen(cgroup) };
}
