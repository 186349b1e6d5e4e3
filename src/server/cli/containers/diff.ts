import { diffAnswer, diffPath } from '../../control/containers/diff.ts';
import { askDaemon } from '../images/control.ts';
import { json } from '../terminal.ts';
import type { Terminal } from '../terminal.ts';
import { harmless } from '../text.ts';
import type { HandsOnFlags } from './each.ts';

/** `cricket diff`: a path a line, as docker diff. */
export async function diff(name: string, flags: HandsOnFlags, terminal: Terminal): Promise<void> {
  const question = { method: 'GET', path: diffPath, query: { object: name }, answer: diffAnswer } as const;
  const changes = await askDaemon(question, flags, terminal);
  if (flags.format === 'json') terminal.out(json(changes));
  else terminal.out(changes.map(({ kind, path }) => `${kind} ${harmless(path)}\n`).join(''));
}
