import type { Side } from './controllers/controller.ts';
import { isWeightOf } from './controllers/cpu-weight.ts';
import type { ReadFile } from './group.ts';
import type { Limits, Resources } from './resources.ts';

/** All controllers' limits together; shares as `given` if the weight in force is theirs. */
export function readLimits(sides: readonly Side<unknown>[], read: ReadFile, given: Resources = {}): Limits {
  const limits = Object.assign({}, ...sides.map((side) => side.limits(read))) as Limits;
  const { cpuWeight } = limits;
  const { cpuShares = 0n } = given;
  if (cpuWeight === undefined || cpuShares === 0n || !isWeightOf(cpuWeight, cpuShares)) return limits;
  return { ...limits, cpuShares };
}
