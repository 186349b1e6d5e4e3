import { printConfig } from '../config/print.ts';
import { loadSettings } from './settings.ts';
import type { SettingFlags } from './settings.ts';
import { json } from './terminal.ts';
import type { Terminal } from './terminal.ts';

/** `cricket config`: files, drop-ins and flags in one; what it prints can be used as the file. */
export async function showConfig(flags: SettingFlags, format: 'toml' | 'json', terminal: Terminal): Promise<void> {
  const config = await loadSettings(flags);
  terminal.out(format === 'json' ? json(config) : printConfig(config));
}
