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
