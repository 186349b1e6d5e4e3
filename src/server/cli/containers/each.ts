import { CricketError, fail } from '../../../base/errors.ts';
import type { FormatFlag } from '../format.ts';
import type { Question } from '../images/control.ts';
import { askDaemon } from '../images/control.ts';
import type { SettingFlags } from '../settings.ts';
import { json } from '../terminal.ts';
import type { Terminal } from '../terminal.ts';

export type HandsOnFlags = SettingFlags & FormatFlag;

export interface Each<T> {
  readonly question: Omit<Question<T>, 'query'>;
  readonly query?: Readonly<Record<string, string>>;
  /** The line for a person. */
  readonly text: (answer: T, name: string) => string;
}

/**
 * Does one thing to each container, in the order of the names, and goes on past those it cannot be done to. Errors: what
 * went wrong, a line each.
 */
export async function forEachContainer<T>(
  names: readonly string[],
  { question, query, text }: Each<T>,
  flags: HandsOnFlags,
  terminal: Terminal,
): Promise<void> {
  const done: T[] = [];
  const failures: CricketError[] = [];
  for (const object of names) {
    try {
      const answer = await askDaemon({ ...question, query: { object, ...query } }, flags, terminal);
      done.push(answer);
      if (flags.format === 'table') terminal.out(`${text(answer, object)}\n`);
    } catch (error) {
      if (!(error instanceof CricketError) || terminal.signal.aborted) throw error;
      failures.push(error);
    }
  }
  if (flags.format === 'json') terminal.out(json(done));
  const [first] = failures;
  if (first !== undefined) throw fail(first.code, failures.map(({ message }) => message).join('\n'), first);
}
