import { nowNanos } from '../base/clock.ts';
import type { Controllers } from './controllers.ts';
import { sideOf } from './controllers.ts';
import type { CpuStats } from './controllers/cpu.ts';
import type { CpusetStats } from './controllers/cpuset.ts';
import type { HugetlbStats } from './controllers/hugetlb.ts';
import type { IoDeviceStats } from './controllers/io.ts';
import type { MemoryStats } from './controllers/memory-stats.ts';
import type { PidsStats } from './controllers/pids.ts';
import type { ReadFile } from './group.ts';
import { oomKillsOf } from './events/oom-kills.ts';
import type { Layout } from './layout.ts';
import type { PressureStats } from './pressure.ts';
import { pressureStats } from './pressure.ts';

/** One look at a cgroup. A controller that is not here, or not enabled for the cgroup, is undefined. */
export interface CgroupStats {
  /** When, in nanoseconds since 1970. */
  readonly at: bigint;
  readonly cpu: CpuStats | undefined;
  readonly memory: MemoryStats | undefined;
  readonly pids: PidsStats | undefined;
  readonly io: readonly IoDeviceStats[] | undefined;
  readonly cpuset: CpusetStats | undefined;
  readonly hugetlb: readonly HugetlbStats[] | undefined;
  readonly pressure: PressureStats | undefined;
  /** Processes of this cgroup itself that the OOM killer ended (v2: of the whole subtree). */
  readonly oomKills: bigint | undefined;
}

export type StatsPart = Exclude<keyof CgroupStats, 'at'>;
const allParts: ReadonlySet<StatsPart> = new Set([
  ...(['cpu', 'memory', 'pids', 'io', 'cpuset', 'hugetlb', 'pressure', 'oomKills'] as const),
]);

/**
 * What the wanted controllers say, each a few files; undefined where none says anything: the cgroup is gone. The others
 * are undefined.
 */
export function readStats(
  layout: Layout,
  controllers: Controllers,
  read: ReadFile,
  wanted: ReadonlySet<StatsPart> = allParts,
): CgroupStats | undefined {
  const look = <T>(part: StatsPart, reading: () => T) => (wanted.has(part) ? reading() : undefined);
  const stats: CgroupStats = {
    at: nowNanos(),
    cpu: look('cpu', () => sideOf(layout, 'cpu', controllers.cpu).stats(read)),
    memory: look('memory', () => sideOf(layout, 'memory', controllers.memory).stats(read)),
    pids: look('pids', () => sideOf(layout, 'pids', controllers.pids).stats(read)),
    io: look('io', () => sideOf(layout, 'io', controllers.io).stats(read)),
    cpuset: look('cpuset', () => sideOf(layout, 'cpuset', controllers.cpuset).stats(read)),
    hugetlb: look('hugetlb', () => sideOf(layout, 'hugetlb', controllers.hugetlb).stats(read)),
    pressure: look('pressure', () => pressureStats(read, layout.version === 'v1')),
    oomKills: look('oomKills', () => oomKillsOf(layout, read)),
  };
  const { at: _at, ...parts } = stats;
  return Object.values(parts).every((part) => part === undefined) ? undefined : stats;
}
