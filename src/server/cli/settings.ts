import type { Command } from 'commander';
import type { Config } from '../config/schema.ts';
import type { Layer } from '../config/layers.ts';
import type { LoadOptions } from '../config/load.ts';

/** Flags that every command which needs the configuration takes. */
export interface SettingFlags {
  readonly config?: string;
  readonly root?: string;
  readonly state?: string;
  readonly socket?: string;
  readonly logLevel?: string;
  readonly set?: readonly string[];
}

export function addSettingFlags(command: Command): Command {
  const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];
  return command
    .option('--config <file>', 'configuration file; conf.d/*.toml beside it is read after it')
    .option('--root <dir>', 'directory of images, layers and records')
    .option('--state <dir>', 'directory of sockets and the pid file')
    .option('--socket <path>', 'unix socket of CRI')
    .option('--log-level <level>', 'trace, debug, info, warn or error')
    .option('--set <key=value>', 'any setting by its key, as in network.mtu=1400; may be repeated', collect, []);
}

/** The flags as load options. Errors: `invalid_argument` for a malformed --set. */
export async function loadOptions(flags: SettingFlags): Promise<LoadOptions> {
  const [{ defaultConfigFile }, { flagLayer, parseSetFlag }] = await Promise.all([
    import('../config/load.ts'),
    import('../config/flags.ts'),
  ]);
  const named: readonly (readonly [flag: string, path: readonly string[], value: string | undefined])[] = [
    ['--root', ['root'], flags.root],
    ['--state', ['state'], flags.state],
    ['--socket', ['socket'], flags.socket],
    ['--log-level', ['log', 'level'], flags.logLevel],
  ];
  const layers: Layer[] = (flags.set ?? []).map(parseSetFlag);
  for (const [flag, path, value] of named) if (value !== undefined) layers.push(flagLayer(flag, path, value));
  return { file: flags.config ?? defaultConfigFile, mustExist: flags.config !== undefined, flags: layers };
}

/** The configuration in force for these flags. */
export async function loadSettings(flags: SettingFlags): Promise<Config> {
  const { loadConfig } = await import('../config/load.ts');
  return loadConfig(await loadOptions(flags));
}
