import { nowMicros } from '../base/clock.ts';
import type { Controllers } from './controllers.ts';
import { sideOf } from './controllers.ts';
import type { Side } from './controllers/controller.ts';
import type { CpuStats } from './controllers/cpu.ts';
import type { CpusetStats } from './controllers/cpuset.ts';
import type { HugetlbStats } from './controllers/hugetlb.ts';
import type { IoDeviceStats } from './controllers/io.ts';
import type { MemoryStats } from './controllers/memory-stats.ts';
import type { PidsStats } from './controllers/pids.ts';
import { oomKillsOf } from './events/oom-kills.ts';
import { textOf } from './file-bytes.ts';
import type { ReadBytes } from './file-bytes.ts';
import type { Layout } from './layout.ts';
import type { PressureStats } from './pressure.ts';
import { pressureStats } from './pressure.ts';

/** One look at a cgroup. A controller that is not here, or not enabled for the cgroup, is undefined. */
export interface CgroupStats {
  /** When, in microseconds since 1970. */
  readonly at: number;
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

/** What each controller's figures are read by on this machine. */
export interface StatsSides {
  readonly layout: Layout;
  readonly cpu: Side<CpuStats>;
  readonly memory: Side<MemoryStats>;
  readonly pids: Side<PidsStats>;
  readonly io: Side<readonly IoDeviceStats[]>;
  readonly cpuset: Side<CpusetStats>;
  readonly hugetlb: Side<readonly HugetlbStats[]>;
}

export function statsSides(layout: Layout, controllers: Controllers): StatsSides {
  return {
    layout,
    cpu: sideOf(layout, 'cpu', controllers.cpu),
    memory: sideOf(layout, 'memory', controllers.memory),
    pids: sideOf(layout, 'pids', controllers.pids),
    io: sideOf(layout, 'io', controllers.io),
    cpuset: sideOf(layout, 'cpuset', controllers.cpuset),
    hugetlb: sideOf(layout, 'hugetlb', controllers.hugetlb),
  };
}

/**
 * What the wanted controllers say, each a few files; undefined where none says anything: the cgroup is gone. The others
 * are undefined.
 */
export function readStats(
  sides: StatsSides,
  read: ReadBytes,
  wanted: ReadonlySet<StatsPart> = allParts,
): CgroupStats | undefined {
  const { layout } = sides;
  const at = nowMicros();
  const cpu = wanted.has('cpu') ? sides.cpu.stats(read) : undefined;
  const memory = wanted.has('memory') ? sides.memory.stats(read) : undefined;
  const pids = wanted.has('pids') ? sides.pids.stats(read) : undefined;
  const io = wanted.has('io') ? sides.io.stats(read) : undefined;
  const cpuset = wanted.has('cpuset') ? sides.cpuset.stats(read) : undefined;
  const hugetlb = wanted.has('hugetlb') ? sides.hugetlb.stats(read) : undefined;
  const pressure = wanted.has('pressure') ? pressureStats(read, layout.version === 'v1') : undefined;
  const oomKills = wanted.has('oomKills') ? oomKillsOf(layout, (file) => textOf(read(file))) : undefined;
  const found = cpu ?? memory ?? pids ?? io ?? cpuset ?? hugetlb ?? pressure ?? oomKills;
  return found === undefined ? undefined : { at, cpu, memory, pids, io, cpuset, hugetlb, pressure, oomKills };
}
