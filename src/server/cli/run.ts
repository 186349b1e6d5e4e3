import { CommanderError } from 'commander';
import { CricketError, errorFrom } from '../../base/errors.ts';
import { buildProgram } from './program.ts';
import { exitCodes } from './terminal.ts';
import type { Terminal } from './terminal.ts';

/**
 * Runs one command line to its exit code. What fails is told on stderr as `cricket: what: why; what to do`,
 * one line for each thing that is wrong.
 */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = exitCodes.ok;
  const program = buildProgram(terminal, (finished) => {
    code = finished;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (thrown) {
    // Commander has written its own message by then; help that was asked for is no mistake.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const error = errorFrom(thrown);
    terminal.err(error.message.replace(/^/gm, 'cricket: ') + '\n');
    if (!(thrown instanceof CricketError) && thrown instanceof Error) terminal.err(`${thrown.stack ?? ''}\n`);
    return exitCodes.failed;
  }
}
