import { plain } from '../../../../metrics/family.ts';
import type { Family } from '../../../../metrics/family.ts';
import { cpuFamilies, moreCpuFamilies } from './cpu.ts';
import { diskFamilies, moreDiskFamilies } from './disk.ts';
import type { ContainerFigures } from './figures.ts';
import { hugetlbFamilies, moreHugetlbFamilies } from './hugetlb.ts';
import { limitFamilies } from './limits.ts';
import { memoryFamilies, moreMemoryFamilies } from './memory.ts';
import { pressureFamilies } from './pressure.ts';
import { processFamilies } from './processes.ts';

type F = Family<ContainerFigures>;
const gauge = (name: string, help: string) => ({ name: `container_${name}`, help, type: 'gauge' }) as const;

const timeFamilies: readonly F[] = [
  plain(gauge('last_seen', 'When its figures were read, in seconds since 1970.'), ({ look }) => look.stats.at / 1e6),
  plain(gauge('start_time_seconds', 'When it was started, in seconds since 1970.'), ({ startedAt }) => startedAt),
];

/** Over CRI it stands among the container's own; on /metrics it outlives the container. */
export const oomNaming = {
  name: 'container_oom_events_total',
  help: 'Processes that the OOM killer ended, over all containers that had this name in the pod.',
  type: 'counter',
} as const;

/** Of a container, listed over CRI and on /metrics. */
const common: readonly F[] = [
  ...timeFamilies,
  ...cpuFamilies,
  ...memoryFamilies,
  ...hugetlbFamilies,
  ...pressureFamilies,
  ...diskFamilies,
  ...processFamilies,
  ...limitFamilies,
];

/** The names that critest expects of a container. */
export const criFamilies: readonly F[] = [...common, plain(oomNaming, ({ oomEvents }) => oomEvents)];

/** All that /metrics tells of a container. */
export const containerFamilies: readonly F[] = [
  ...common,
  plain(gauge('creation_time_seconds', 'When it was created, in seconds since 1970.'), ({ createdAt }) => createdAt),
  ...moreCpuFamilies,
  ...moreMemoryFamilies,
  ...moreHugetlbFamilies,
  ...moreDiskFamilies,
];

export interface OomFigures {
  readonly events: number;
}

/** Of all containers that a pod ever had under one name, as long as the pod is there. */
export const oomFamilies: readonly Family<OomFigures>[] = [plain(oomNaming, ({ events }) => events)];
