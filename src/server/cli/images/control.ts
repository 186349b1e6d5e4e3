import type { z } from 'zod';
import { controlSocket } from '../../config/paths.ts';
import { callControl } from '../../control/client.ts';
import { loadSettings } from '../settings.ts';
import type { SettingFlags } from '../settings.ts';
import type { Terminal } from '../terminal.ts';

export interface Question<T> {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly answer: z.ZodType<T>;
}

/** Asks the running daemon over its control socket. Errors: the daemon's own, or `unavailable`. */
export async function askDaemon<T>(question: Question<T>, flags: SettingFlags, terminal: Terminal): Promise<T> {
  const { answer, ...call } = question;
  const socket = controlSocket(await loadSettings(flags));
  return answer.parse(await callControl({ ...call, socket, body: undefined }, terminal.signal));
}
