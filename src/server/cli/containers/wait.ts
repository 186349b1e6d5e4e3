import { waitAnswer, waitPath } from '../../control/containers/wait.ts';
import type { Terminal } from '../terminal.ts';
import { forEachContainer } from './each.ts';
import type { HandsOnFlags } from './each.ts';

/** `cricket wait`: an exit code a line, in the order of the names. */
export async function waitFor(names: readonly string[], flags: HandsOnFlags, terminal: Terminal): Promise<void> {
  const question = { method: 'GET', path: waitPath, answer: waitAnswer } as const;
  await forEachContainer(names, { question, text: ({ exitCode }) => String(exitCode) }, flags, terminal);
}
