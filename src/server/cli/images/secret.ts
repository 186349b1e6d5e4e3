import { text } from 'node:stream/consumers';
import { fail } from '../../../base/errors.ts';
import type { Terminal } from '../terminal.ts';

/** All of standard input. */
export const readAll = async (): Promise<string> => text(process.stdin);

/** A line from the terminal that is not shown. Errors: `invalid_argument` without a terminal, `cancelled` by Ctrl-C. */
export async function readHidden(terminal: Pick<Terminal, 'err'>): Promise<string> {
  const { stdin } = process;
  if (!stdin.isTTY)
    throw fail('invalid_argument', 'there is no terminal to ask for the password; use --password-stdin');
  terminal.err('Password: ');
  stdin.setRawMode(true);
  try {
    let typed = '';
    for await (const chunk of stdin) {
      for (const key of String(chunk)) {
        if (key === '\r' || key === '\n') return typed;
        if (key === '\u0003' || key === '\u0004') throw fail('cancelled', 'login was given up');
        typed = key === '\u007f' || key === '\b' ? typed.slice(0, -1) : typed + key;
      }
    }
    return typed;
  } finally {
    stdin.setRawMode(false);
    terminal.err('\n');
  }
}
