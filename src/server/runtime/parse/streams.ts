import { fail } from '../../../base/errors.ts';
import type { ProcessStreamsWish } from '../../streaming/request.ts';

/** Errors: `invalid_argument` as the CRI has it: at least one stream, and no stderr of its own with a TTY. */
export function parseStreams({ tty, stdin, stdout, stderr }: ProcessStreamsWish): ProcessStreamsWish {
  if (!stdin && !stdout && !stderr) throw fail('invalid_argument', 'ask for at least one of stdin, stdout and stderr');
  if (tty && stderr) throw fail('invalid_argument', 'stderr cannot be had with tty: a terminal has one output only');
  return { tty, stdin, stdout, stderr };
}
