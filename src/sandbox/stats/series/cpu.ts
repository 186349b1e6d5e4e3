import { labelled, plain, row, seconds } from '../../../../metrics/family.ts';
import type { Family } from '../../../../metrics/family.ts';
import { cpuOf } from './figures.ts';
import type { ContainerFigures } from './figures.ts';

type F = Family<ContainerFigures>;
const counter = (name: string, help: string) => ({ name: `container_cpu_${name}`, help, type: 'counter' }) as const;

export const cpuFamilies: readonly F[] = [
  labelled(counter('usage_seconds_total', 'CPU time used, of all CPUs together.'), ['cpu'], (figures) =>
    row(['total'], seconds(cpuOf(figures)?.usageNs)),
  ),
  plain(counter('user_seconds_total', 'CPU time used in user mode.'), (f) => seconds(cpuOf(f)?.userNs)),
  plain(counter('system_seconds_total', 'CPU time used in the kernel.'), (f) => seconds(cpuOf(f)?.systemNs)),
  plain(
    counter('cfs_periods_total', 'Periods of the CPU quota that have passed; none pass without a quota.'),
    (f) => cpuOf(f)?.periods,
  ),
  plain(
    counter('cfs_throttled_periods_total', 'Periods in which the CPU quota was used up.'),
    (f) => cpuOf(f)?.throttledPeriods,
  ),
  plain(counter('cfs_throttled_seconds_total', 'Time in which the CPU quota held tasks back.'), (f) =>
    seconds(cpuOf(f)?.throttledNs),
  ),
];

/** Beyond what is listed over CRI. */
export const moreCpuFamilies: readonly F[] = [
  plain(
    counter('cfs_burst_periods_total', 'Periods in which saved CPU quota was used besides their own.'),
    (f) => cpuOf(f)?.bursts,
  ),
  plain(counter('cfs_burst_seconds_total', 'CPU time used above the quota of a period.'), (f) =>
    seconds(cpuOf(f)?.burstNs),
  ),
];
