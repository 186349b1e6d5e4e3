import { constants } from 'node:os';
import { aboutContainer, aboutPod } from './event.ts';
import type { EventAttributes, NewEvent } from './event.ts';
import type { LifeEvent } from './life.ts';

const containerActions = { created: 'create', started: 'start', stopped: 'die', deleted: 'remove' } as const;
const podActions = { created: 'create', started: 'start', stopped: 'stop', deleted: 'remove' } as const;

/** What the journal says of a step in a life. */
export function eventOf({ kind, container, pod }: LifeEvent): NewEvent {
  if (container === undefined)
    return {
      type: 'pod',
      action: podActions[kind],
      ...(pod === undefined ? {} : aboutPod(pod)),
      attributes: pod?.state.kind === 'ready' && pod.state.ips.length > 0 ? { ips: pod.state.ips.join() } : {},
    };
  return {
    type: 'container',
    action: containerActions[kind],
    ...aboutContainer(container, pod),
    attributes: { attempt: container.record.config.attempt, ...(kind === 'stopped' ? endOf(container) : {}) },
  };
}

function endOf({ state }: NonNullable<LifeEvent['container']>): EventAttributes {
  if (state.kind !== 'exited') return {};
  const { code, reason, message } = state;
  const signal = signalOf(code);
  return {
    exitCode: code,
    reason,
    ...(signal === undefined ? {} : { signal }),
    ...(message === '' ? {} : { message: message.slice(0, 1024) }),
  };
}

/** Exit codes above 128 are signals by the convention of shells; 255 is what one makes of an exit that nobody saw. */
function signalOf(code: number): string | undefined {
  return Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
}
