import { fail } from '../../../base/errors.ts';
import { controlSocket } from '../../config/paths.ts';
import { attachPath } from '../../control/containers/attach.ts';
import type { AttachWish } from '../../control/containers/attach.ts';
import { execPath } from '../../control/containers/exec.ts';
import type { ExecWish } from '../../control/containers/exec.ts';
import { loadSettings } from '../settings.ts';
import type { SettingFlags } from '../settings.ts';
import type { Terminal } from '../terminal.ts';
import type { ExecFlags } from './flags.ts';
import { envOf } from './parse.ts';
import { codeOf } from './run.ts';
import { holdSession, terminalSize } from './session.ts';

/** `cricket exec`: answers the program's exit code. */
export async function exec(
  object: string,
  command: readonly string[],
  flags: ExecFlags,
  terminal: Terminal,
): Promise<number> {
  const { interactive, tty, workdir = '', user = '' } = flags;
  if (interactive && tty && !process.stdin.isTTY)
    throw fail('invalid_argument', 'standard input is no terminal; leave -t out');
  const env = envOf(flags.env, terminal.environment);
  const size = tty ? terminalSize() : null;
  const order: ExecWish = { object, command: [...command], tty, stdin: interactive, env, workdir, user, size };
  const socket = controlSocket(await loadSettings(flags));
  return codeOf(await holdSession({ socket, path: execPath, order, stdin: interactive, passSignals: false }), terminal);
}

/** `cricket attach`: answers the container's exit code. */
export async function attach(
  object: string,
  flags: SettingFlags & { readonly stdin: boolean },
  terminal: Terminal,
): Promise<number> {
  const order: AttachWish = { object, stdin: flags.stdin };
  const socket = controlSocket(await loadSettings(flags));
  const wish = { socket, path: attachPath, order, stdin: flags.stdin, passSignals: true };
  return codeOf(await holdSession(wish), terminal);
}
