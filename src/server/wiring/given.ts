import type { Metrics } from '../../../metrics/registry.ts';
import type { Logger } from '../../base/log.ts';
import type { ReachStep, StepName } from '../../base/steps.ts';
import type { Config } from '../config/schema.ts';

/** What the parts are made from. */
export interface Given {
  readonly config: Config;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly reach: ReachStep;
  /** The step at which `reach` ends this process, for Workers; undefined: none. */
  readonly killStep: StepName | undefined;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly lifetime: AbortSignal;
}
