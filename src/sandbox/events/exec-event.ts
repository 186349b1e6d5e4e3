import { messageOf } from '../../base/errors.ts';
import type { ProcessSession, SessionEnd } from '../container/session.ts';
import type { Parts } from '../parts.ts';
import { requireContainer } from '../store/resolve.ts';
import type { ContainerFacts, PodFacts } from '../store/store.ts';
import { aboutContainer } from './event.ts';
import type { NewEvent } from './event.ts';

/** Characters of a command that are kept: it can be a whole script. */
const mostCommand = 256;

/** How a command in a container ended: its exit code, or why there is none. */
export type ExecOutcome = { readonly exitCode: number } | { readonly error: string };

/** A command that was run in a container. */
export function execEvent(
  container: ContainerFacts,
  pod: PodFacts | undefined,
  command: readonly string[],
  how: ExecOutcome,
): NewEvent {
  const text = command.join(' ');
  const shown = text.length > mostCommand ? `${text.slice(0, mostCommand)}…` : text;
  return {
    type: 'container',
    action: 'exec',
    ...aboutContainer(container, pod),
    attributes: { command: shown, ...how },
  };
}

/** Opens a session with a command, and tells how the command ended. Errors: those of `open`, told too. */
export async function tellingSession(
  { events, store }: Pick<Parts, 'events' | 'store'>,
  request: { readonly containerId: string; readonly command: readonly string[] },
  open: () => Promise<ProcessSession>,
): Promise<ProcessSession> {
  const container = requireContainer(store, request.containerId);
  const tell = (how: ExecOutcome) =>
    events.publish(execEvent(container, store.pods.get(container.record.podId), request.command, how));
  try {
    const session = await open();
    void session.ended.then((end) => tell(outcomeOf(end)));
    return session;
  } catch (error) {
    tell({ error: messageOf(error) });
    throw error;
  }
}

function outcomeOf(end: SessionEnd): ExecOutcome {
  if (end.how === 'exited') return { exitCode: end.code };
  return { error: end.how === 'detached' ? 'its client detached: it runs on' : end.reason };
}
