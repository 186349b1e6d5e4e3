import { fail } from '../../base/errors.ts';
import { ignoreSteps, stepNames } from '../../base/steps.ts';
import type { ReachStep } from '../../base/steps.ts';
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
  await runDaemon({ config, readConfig, environment, reach: stepsFor(environment[killStepVariable]) });
  return exitCodes.ok;
}

/** Names a step of src/base/steps.ts at which the daemon kills itself: the kill test. */
const killStepVariable = 'CRICKET_KILL_AT';

function stepsFor(chosen: string | undefined): ReachStep {
  if (chosen === undefined || chosen === '') return ignoreSteps;
  if (!stepNames.some((name) => name === chosen))
    throw fail('invalid_argument', `${killStepVariable} is ${chosen}, which is no step of src/base/steps.ts`);
  return (step) => {
    if (step === chosen) process.kill(process.pid, 'SIGKILL');
  };
}
