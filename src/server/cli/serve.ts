import { fail } from '../../base/errors.ts';
import { stepNames } from '../../base/steps.ts';
import type { StepName } from '../../base/steps.ts';
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
  const { environment } = terminal;
  await runDaemon({ config, readConfig, environment, killStep: parseStep(environment[killStepVariable]) });
  return exitCodes.ok;
}

/** Names a step of src/base/steps.ts at which the daemon kills itself: the kill test. */
const killStepVariable = 'CRICKET_KILL_AT';

function parseStep(chosen: string | undefined): StepName | undefined {
  if (chosen === undefined || chosen === '') return undefined;
  const known = stepNames.find((name) => name === chosen);
  if (known !== undefined) return known;
  throw fail('invalid_argument', `${killStepVariable} is ${chosen}, which is no step of src/base/steps.ts`);
}
