import type { Command } from 'commander';
import { buildProgram } from '../../../src/server/cli/program.ts';

/** The command line, to read: it says nothing and runs nothing. */
export function programOf(): Command {
  const nothing = () => undefined;
  const signal = new AbortController().signal;
  return buildProgram({ out: nothing, err: nothing, colour: false, environment: {}, signal }, nothing);
}
