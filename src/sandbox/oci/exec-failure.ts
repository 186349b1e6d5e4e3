import { stripVTControlCharacters } from 'node:util';
import { exitCodeOf } from '../../linux/pidfd.ts';
import type { Captured } from '../../linux/capture.ts';
import { cleanRuntimeMessage } from './runtime.ts';

/** How crun and runc begin when the program cannot be run; one line, and nothing on stdout. */
const beginnings: readonly (readonly [number, RegExp])[] = [
  [255, /^executable file `[^`]*` not found in /],
  [255, /^open executable: /],
  [255, /^exec failed: unable to start container process: exec: /],
  // From inside the container, in place of the program: it has no interpreter, or is for another machine.
  [1, /^exec(?: \S+)?: (?:exec format error|no such file or directory|permission denied)$/i],
];

/**
 * What the OCI runtime said if it could not run the program of an exec, which looks like a program that ended with
 * a message. Undefined: the program ran.
 */
export function execFailure({ ending, stdout, stderr }: Captured): string | undefined {
  const code = exitCodeOf(ending);
  if (code === 0 || stdout.length > 0 || stderr.length > 4096) return undefined;
  const text = stripVTControlCharacters(stderr.toString('utf8')).trimEnd();
  if (text.includes('\n')) return undefined;
  const said = cleanRuntimeMessage(text);
  return beginnings.some(([expected, pattern]) => code === expected && pattern.test(said)) ? said : undefined;
}

/** What shells and Docker end with: 127 for a program that is not there, 126 for one that cannot be run. */
export function failureCode(said: string): 126 | 127 {
  return /not found|no such file/i.test(said) ? 127 : 126;
}
