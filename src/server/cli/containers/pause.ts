import { pauseAnswer, pausePath, unpausePath } from '../../control/containers/pause.ts';
import type { Terminal } from '../terminal.ts';
import { forEachContainer } from './each.ts';
import type { HandsOnFlags } from './each.ts';

export async function pause(names: readonly string[], flags: HandsOnFlags, terminal: Terminal): Promise<void> {
  await change(pausePath, names, flags, terminal);
}

export async function unpause(names: readonly string[], flags: HandsOnFlags, terminal: Terminal): Promise<void> {
  await change(unpausePath, names, flags, terminal);
}

async function change(path: string, names: readonly string[], flags: HandsOnFlags, terminal: Terminal): Promise<void> {
  const question = { method: 'POST', path, answer: pauseAnswer } as const;
  await forEachContainer(names, { question, text: (_, name) => name }, flags, terminal);
}
