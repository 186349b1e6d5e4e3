import { fail } from '../base/errors.ts';

/**
 * Limits as CRI's LinuxContainerResources has them, settled: a field that is absent, 0 or '' stays as it is.
 * oom_score_adj is not here: it belongs to the process, not to its cgroup.
 */
export interface Resources {
  /** Relative weight, 2 to 262144; on v2 converted to cpu.weight. */
  readonly cpuShares?: bigint;
  /** Microseconds of CPU per period; negative lifts the limit. */
  readonly cpuQuota?: bigint;
  /** Microseconds, 1000 to 1000000. */
  readonly cpuPeriod?: bigint;
  /** Bytes; negative lifts the limit. */
  readonly memoryLimitBytes?: bigint;
  /** Bytes of memory and swap together; negative lifts the limit. */
  readonly memorySwapLimitBytes?: bigint;
  /** Lists as in `0-3,8`. */
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  /** Tasks; negative lifts the limit. */
  readonly pidsLimit?: bigint;
  /** A limit of 0 forbids that page size. */
  readonly hugepages?: readonly HugepageLimit[];
  /** v2 files by name, written as they are after everything else. */
  readonly unified?: Readonly<Record<string, string>>;
}

export interface HugepageLimit {
  /** As CRI and the kernel's file names write it: `2MB`, `1GB`. */
  readonly pageSize: string;
  readonly limit: bigint;
}

/** What a cgroup's files say now; absent where there is no limit, or no such controller. */
export interface Limits extends Resources {
  /** v2's own value: several shares share one weight, so that reading shares back can lose. */
  readonly cpuWeight?: bigint;
  /** v1 memory.soft_limit_in_bytes, v2 memory.min. */
  readonly memoryReservationBytes?: bigint;
}

/** Errors: `invalid_argument` naming the field, its value and what is allowed. */
export function checkResources(resources: Resources): void {
  const { cpuPeriod = 0n, cpuQuota = 0n, memoryLimitBytes = 0n, memorySwapLimitBytes = 0n } = resources;
  if (cpuPeriod !== 0n && (cpuPeriod < 1000n || cpuPeriod > 1_000_000n))
    throw invalid('cpu period', cpuPeriod, '1000 to 1000000 microseconds');
  if (cpuQuota > 0n && cpuQuota < 1000n)
    throw invalid('cpu quota', cpuQuota, 'at least 1000 microseconds, or -1 for none');
  if ((resources.cpuShares ?? 0n) < 0n) throw invalid('cpu shares', resources.cpuShares, '2 to 262144');
  if (memoryLimitBytes > 0n && memorySwapLimitBytes > 0n && memorySwapLimitBytes < memoryLimitBytes)
    throw invalid('memory and swap limit', memorySwapLimitBytes, `at least the memory limit ${memoryLimitBytes}`);
  for (const list of [resources.cpusetCpus ?? '', resources.cpusetMems ?? '']) {
    if (!/^(\d+(-\d+)?(,\d+(-\d+)?)*)?$/.test(list)) throw invalid('cpuset', list, 'a list such as 0-3,8');
  }
  for (const { pageSize, limit } of resources.hugepages ?? []) {
    if (!/^\d+(KB|MB|GB)$/.test(pageSize)) throw invalid('huge page size', pageSize, 'a size such as 2MB or 1GB');
    if (limit < 0n) throw invalid(`limit of ${pageSize} huge pages`, limit, '0 or more');
  }
  for (const file of Object.keys(resources.unified ?? {})) {
    if (!/^(?!cgroup\.|memory\.reclaim$)[a-z0-9_]+(\.[A-Za-z0-9_]+)+$/.test(file))
      throw invalid('unified', file, 'names of limits of a controller such as memory.high');
  }
}

function invalid(field: string, value: bigint | string | undefined, allowed: string) {
  return fail('invalid_argument', `resources: ${field} is ${JSON.stringify(String(value))}, allowed is ${allowed}`);
}
