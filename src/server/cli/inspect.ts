import { controlSocket } from '../config/paths.ts';
import { callControl } from '../control/client.ts';
import { inspectPath } from '../control/inspect.ts';
import { loadSettings } from './settings.ts';
import type { SettingFlags } from './settings.ts';
import { json } from './terminal.ts';
import type { Terminal } from './terminal.ts';

/** `cricket inspect`: one JSON array with an object a name, in the order of the names. */
export async function inspect(
  names: readonly string[],
  flags: SettingFlags & { readonly type?: string },
  terminal: Terminal,
): Promise<void> {
  const socket = controlSocket(await loadSettings(flags));
  const found: unknown[] = [];
  for (const object of names) {
    const query = { object, ...(flags.type === undefined ? {} : { kind: flags.type }) };
    const call = { socket, method: 'GET', path: inspectPath, query, body: undefined } as const;
    found.push(await callControl(call, terminal.signal));
  }
  terminal.out(json(found));
}
