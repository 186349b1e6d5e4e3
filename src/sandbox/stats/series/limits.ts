import { plain } from '../../../../metrics/family.ts';
import type { Family } from '../../../../metrics/family.ts';
import type { ContainerDetail } from '../look.ts';
import { moreOf } from './figures.ts';
import type { ContainerFigures } from './figures.ts';

type Value = bigint | number | undefined;

function family(name: string, help: string, value: (more: ContainerDetail, figures: ContainerFigures) => Value) {
  return plain<ContainerFigures>({ name: `container_spec_${name}`, help, type: 'gauge' }, (figures) => {
    const more = moreOf(figures);
    return more === undefined ? undefined : value(more, figures);
  });
}

export const limitFamilies: readonly Family<ContainerFigures>[] = [
  family('cpu_period', 'Period of the CPU quota, in microseconds.', ({ limits }) => limits.cpuPeriod),
  family('cpu_quota', 'CPU time a period, in microseconds; absent without a limit.', ({ limits }) => limits.cpuQuota),
  family('cpu_shares', 'CPU shares (cgroup v2: converted from the weight).', ({ limits }) => limits.cpuShares),
  family('memory_limit_bytes', 'Memory limit; 0: none.', ({ limits }) => limits.memoryLimitBytes ?? 0n),
  family(
    'memory_reservation_limit_bytes',
    'Memory kept for it: the soft limit of cgroup v1, memory.min of v2; 0: none.',
    ({ limits }) => limits.memoryReservationBytes ?? 0n,
  ),
  family(
    'memory_swap_limit_bytes',
    'Limit of memory and swap together (cgroup v1), of swap alone (v2); 0: none.',
    ({ version, limits }, figures) =>
      version === 'v1' ? (limits.memorySwapLimitBytes ?? 0n) : (figures.look.bounds.swapLimit ?? 0),
  ),
];
