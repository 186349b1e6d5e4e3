import { ignoreSteps } from '../base/steps.ts';
import type { ReachStep, StepName } from '../base/steps.ts';

/** Ends this process, as nobody can expect it, at that step: the kill test. */
export function killAt(chosen: StepName | undefined): ReachStep {
  if (chosen === undefined) return ignoreSteps;
  return (step) => {
    if (step === chosen) process.kill(process.pid, 'SIGKILL');
  };
}
