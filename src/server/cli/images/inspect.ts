import { loadSettings } from '../settings.ts';
import type { SettingFlags } from '../settings.ts';
import { json } from '../terminal.ts';
import type { Terminal } from '../terminal.ts';
import { findImage } from './status.ts';

export async function inspectImage(name: string, flags: SettingFlags, terminal: Terminal): Promise<void> {
  const { socket } = await loadSettings(flags);
  const found = await findImage(name, true, { socket, timeoutMs: 30_000, signal: terminal.signal });
  const info = Object.entries(found.info).map(([key, text]): [string, unknown] => [key, parsed(text)]);
  terminal.out(json({ status: found.image, info: Object.fromEntries(info) }));
}

/** Verbose values are JSON texts; what is none is shown as it came. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
