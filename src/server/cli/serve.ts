import { loadConfig } from '../config/load.ts';
import { loadOptions } from './settings.ts';
import type { SettingFlags } from './settings.ts';
import { exitCodes } from './terminal.ts';
import type { ExitCode, Terminal } from './terminal.ts';

/** `cricket serve`: reads the configuration, then is the daemon until it has drained. */
export async function serve(flags: SettingFlags, terminal: Terminal): Promise<ExitCode> {
  const options = await loadOptions(flags);
  const readConfig = () => loadConfig(options);
  const config = await readConfig();
  const { runDaemon } = await import('../daemon.ts');
  await runDaemon({ config, readConfig, environment: terminal.environment });
  return exitCodes.ok;
}
