import { removeAnswer, removePath } from '../../control/containers/remove.ts';
import { stopAnswer, stopPath } from '../../control/containers/stop.ts';
import { forEachContainer } from '../containers/each.ts';
import type { HandsOnFlags } from '../containers/each.ts';
import type { Terminal } from '../terminal.ts';

/** `cricket stop`. */
export async function stop(
  names: readonly string[],
  flags: HandsOnFlags & { readonly time: number },
  terminal: Terminal,
): Promise<void> {
  const question = { method: 'POST', path: stopPath, answer: stopAnswer } as const;
  const query = { seconds: String(flags.time) };
  await forEachContainer(names, { question, query, text: (_, name) => name }, flags, terminal);
}

/** `cricket rm`. */
export async function remove(
  names: readonly string[],
  flags: HandsOnFlags & { readonly force: boolean },
  terminal: Terminal,
): Promise<void> {
  const question = { method: 'POST', path: removePath, answer: removeAnswer } as const;
  const query: Readonly<Record<string, string>> = flags.force ? { force: '1' } : {};
  await forEachContainer(names, { question, query, text: (_, name) => name }, flags, terminal);
}
