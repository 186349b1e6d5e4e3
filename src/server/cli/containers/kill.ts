import { killAnswer, killPath } from '../../control/containers/kill.ts';
import type { Terminal } from '../terminal.ts';
import { forEachContainer } from './each.ts';
import type { HandsOnFlags } from './each.ts';

/** `cricket kill`: prints the names, as docker does; what will not act on the signal is told on stderr. */
export async function kill(
  names: readonly string[],
  flags: HandsOnFlags & { readonly signal: string },
  terminal: Terminal,
): Promise<void> {
  const question = { method: 'POST', path: killPath, answer: killAnswer } as const;
  const each = {
    question,
    query: { signal: flags.signal },
    text: ({ unhandled, pending }: { readonly unhandled: boolean; readonly pending: boolean }, name: string) => {
      if (pending)
        terminal.err(`cricket: ${name} is paused: it acts on ${flags.signal} when cricket unpause lets it\n`);
      else if (unhandled)
        terminal.err(
          `cricket: ${name} has no handler for ${flags.signal}: the first process of a container ignores it\n`,
        );
      return name;
    },
  };
  await forEachContainer(names, each, flags, terminal);
}
