import type { CgroupStats } from '../../cgroups/stats.ts';
import type { HugetlbStats } from '../../cgroups/controllers/hugetlb.ts';
import type { Bounds, Wanted } from '../../cgroups/stats-reader.ts';
import type { IoDeviceStats } from '../../cgroups/controllers/io.ts';
import type { Limits } from '../../cgroups/resources.ts';
import type { CgroupVersion } from '../../cgroups/layout.ts';
import type { InterfaceCounters } from '../../linux/interface-counters.ts';

/**
 * How much to read. `usage`: what CRI's statistics tell of CPU, memory and pressure. `all`: throttling, counts of
 * failures, threads, I/O, huge pages, limits, processes and their descriptors too.
 */
export type Detail = 'usage' | 'all';

/** Limits: they are read seldom, see Look.bounds. */
const bounds = [
  ...['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes', 'memory.max', 'memory.swap.max', 'pids.max'],
];

export const wantedOf = (version: CgroupVersion): Readonly<Record<Detail, Wanted>> => ({
  usage: {
    parts: new Set(['cpu', 'memory', 'pressure']),
    without: new Set([
      ...bounds,
      // CRI tells nothing of throttling; on v2 the time used stands in the same file.
      ...(version === 'v1' ? ['cpu.stat'] : []),
      ...['cpuacct.usage_user', 'cpuacct.usage_sys', 'memory.kmem.usage_in_bytes', 'memory.max_usage_in_bytes'],
      ...['memory.failcnt', 'memory.memsw.failcnt', 'memory.peak', 'memory.events'],
    ]),
  },
  all: { parts: new Set(['cpu', 'memory', 'pids', 'pressure', 'io']), without: new Set(bounds) },
});

/** What a cgroup says at one moment. */
export interface Look {
  readonly stats: CgroupStats;
  /** Limits of the cgroup, which `stats` does without: read after each update over CRI, else once a minute. */
  readonly bounds: Bounds;
  /** CPU use in billionths of one CPU, since about a second ago; undefined at the first look. */
  readonly nanoCores: number | undefined;
}

export interface ContainerLook extends Look {
  /** Undefined unless `all` was asked for. */
  readonly more: ContainerDetail | undefined;
}

export interface ContainerDetail {
  /** Whose files were read, and so what the swap limit means. */
  readonly version: CgroupVersion;
  readonly limits: Limits;
  readonly disks: readonly NamedDevice[];
  readonly hugetlb: readonly HugetlbStats[];
  /** In the cgroup and all below it. */
  readonly processes: number;
  /** Undefined until they were counted once: see DescriptorCounts. */
  readonly descriptors: DescriptorFigures | undefined;
}

export interface NamedDevice extends IoDeviceStats {
  /** `/dev/vda`; empty where sysfs does not know the number. */
  readonly path: string;
}

/** Over all processes of a container. */
export interface DescriptorFigures {
  readonly open: number;
  readonly sockets: number;
  /** Soft limit of open files of the first process; undefined without one. */
  readonly softLimit: number | undefined;
}

export interface PodLook extends Look {
  /** In the cgroup and all below it; `stats.pids` counts threads. */
  readonly processes: number;
  /** Undefined for a sandbox on the host's network. */
  readonly interfaces: readonly InterfaceCounters[] | undefined;
}
