import { parseConfig } from '../config/parse.ts';
import { printConfig, printDefaults } from '../config/print.ts';
import { loadSettings } from './settings.ts';
import type { SettingFlags } from './settings.ts';
import { json } from './terminal.ts';
import type { Terminal } from './terminal.ts';

export interface ConfigFlags extends SettingFlags {
  readonly format: 'toml' | 'json';
  readonly defaults: boolean;
}

/** `cricket config`: files, drop-ins and flags in one; what it prints can be used as the file. */
export async function showConfig(flags: ConfigFlags, terminal: Terminal): Promise<void> {
  if (flags.defaults) {
    terminal.out(flags.format === 'json' ? json(parseConfig([])) : printDefaults());
    return;
  }
  const config = await loadSettings(flags);
  terminal.out(flags.format === 'json' ? json(config) : printConfig(config));
}
