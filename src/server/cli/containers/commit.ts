import { controlSocket } from '../../config/paths.ts';
import { callControl } from '../../control/client.ts';
import { commitAnswer, commitPath } from '../../control/containers/commit.ts';
import { loadSettings } from '../settings.ts';
import { bytes, json } from '../terminal.ts';
import type { Terminal } from '../terminal.ts';
import type { HandsOnFlags } from './each.ts';

export interface CommitFlags extends HandsOnFlags {
  readonly change: readonly string[];
  readonly author?: string;
  readonly message?: string;
  readonly pause: boolean;
}

/** `cricket commit`. */
export async function commit(
  object: string,
  name: string | undefined,
  flags: CommitFlags,
  terminal: Terminal,
): Promise<void> {
  const { author = '', message = '', change, pause } = flags;
  const query = { object, name: name ?? '', author, message, change, ...(!pause && { running: '1' }) };
  const socket = controlSocket(await loadSettings(flags));
  const call = { socket, method: 'POST', path: commitPath, query, body: undefined } as const;
  const made = commitAnswer.parse(await callControl(call, terminal.signal));
  const text = `${made.id}\n${made.name === '' ? '' : `${made.name}: ${bytes(made.bytes)} on top of its image\n`}`;
  terminal.out(flags.format === 'json' ? json(made) : text);
}
