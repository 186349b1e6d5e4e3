import type { ReadFile } from '../group.ts';
import type { Resources } from '../resources.ts';
import type { Controller, Write } from './controller.ts';
import { sharesToWeight, weightToShares } from './cpu-weight.ts';
import { parseKeyed, parseNumber, present } from './text.ts';

/** Nanoseconds since the cgroup was made, of it and all below it. Undefined: it was not read. */
export interface CpuStats {
  readonly usageNs: bigint;
  readonly userNs: bigint | undefined;
  readonly systemNs: bigint | undefined;
  /** Counted only while a quota is set, like all that follows; 0 on kernels that do not know it. */
  readonly periods: bigint | undefined;
  readonly throttledPeriods: bigint | undefined;
  readonly throttledNs: bigint | undefined;
  readonly bursts: bigint | undefined;
  readonly burstNs: bigint | undefined;
}

/** scheduler/sched-bwc.rst and cgroup-v1/cpuacct.rst; cgroup-v2.rst, "CPU Interface Files". */
export const cpu: Controller<CpuStats> = {
  v1: {
    plan: planV1,
    stats: statsV1,
    limits: (read) => {
      const quota = parseNumber(read('cpu.cfs_quota_us'));
      return present({
        cpuShares: parseNumber(read('cpu.shares')),
        cpuQuota: quota === undefined || quota < 0n ? undefined : quota,
        cpuPeriod: parseNumber(read('cpu.cfs_period_us')),
      });
    },
  },
  v2: {
    plan: planV2,
    stats: statsV2,
    limits: (read) => {
      const weight = parseNumber(read('cpu.weight'));
      const [quota, period] = (read('cpu.max') ?? '').trim().split(' ');
      return present({
        cpuShares: weight === undefined ? undefined : weightToShares(weight),
        cpuWeight: weight,
        cpuQuota: parseNumber(quota),
        cpuPeriod: parseNumber(period),
      });
    },
  },
};

/**
 * The kernel refuses a quota/period above the parent's, also half-way between two writes that are fine together:
 * so the quota is lifted for the instant in which the period changes.
 */
function planV1({ cpuShares = 0n, cpuQuota = 0n, cpuPeriod = 0n }: Resources, read: ReadFile): readonly Write[] {
  const writes: Write[] = [];
  if (cpuShares !== 0n) writes.push({ file: 'cpu.shares', value: `${cpuShares}` });
  const oldQuota = parseNumber(read('cpu.cfs_quota_us')) ?? -1n;
  const quota = cpuQuota === 0n ? oldQuota : cpuQuota < 0n ? -1n : cpuQuota;
  if (cpuPeriod !== 0n && cpuPeriod !== parseNumber(read('cpu.cfs_period_us'))) {
    if (oldQuota > 0n) writes.push({ file: 'cpu.cfs_quota_us', value: '-1' });
    writes.push({ file: 'cpu.cfs_period_us', value: `${cpuPeriod}` });
    if (quota > 0n) writes.push({ file: 'cpu.cfs_quota_us', value: `${quota}` });
  } else if (cpuQuota !== 0n) {
    writes.push({ file: 'cpu.cfs_quota_us', value: `${quota}` });
  }
  return writes;
}

function planV2({ cpuShares = 0n, cpuQuota = 0n, cpuPeriod = 0n }: Resources, read: ReadFile): readonly Write[] {
  const writes: Write[] = [];
  if (cpuShares !== 0n) writes.push({ file: 'cpu.weight', value: `${sharesToWeight(cpuShares)}` });
  if (cpuQuota !== 0n || cpuPeriod !== 0n) {
    const [oldQuota = 'max', oldPeriod = '100000'] = (read('cpu.max') ?? 'max 100000').trim().split(' ');
    const quota = cpuQuota === 0n ? oldQuota : cpuQuota < 0n ? 'max' : `${cpuQuota}`;
    writes.push({ file: 'cpu.max', value: `${quota} ${cpuPeriod === 0n ? oldPeriod : cpuPeriod}` });
  }
  return writes;
}

/** Usage is cpuacct's, a controller and perhaps a hierarchy of its own; its `_user` and `_sys` files are in ns. */
function statsV1(read: ReadFile): CpuStats | undefined {
  const usage = parseNumber(read('cpuacct.usage'));
  if (usage === undefined) return undefined;
  const text = read('cpu.stat');
  const stat = parseKeyed(text ?? '');
  const counted = (key: string) => (text === undefined ? undefined : (stat(key) ?? 0n));
  return {
    usageNs: usage,
    userNs: parseNumber(read('cpuacct.usage_user')),
    systemNs: parseNumber(read('cpuacct.usage_sys')),
    periods: counted('nr_periods'),
    throttledPeriods: counted('nr_throttled'),
    throttledNs: counted('throttled_time'),
    bursts: counted('nr_bursts'),
    burstNs: counted('burst_time'),
  };
}

function statsV2(read: ReadFile): CpuStats | undefined {
  const text = read('cpu.stat');
  if (text === undefined) return undefined;
  const stat = parseKeyed(text);
  const nanos = (key: string): bigint => (stat(key) ?? 0n) * 1000n;
  return {
    usageNs: nanos('usage_usec'),
    userNs: nanos('user_usec'),
    systemNs: nanos('system_usec'),
    periods: stat('nr_periods') ?? 0n,
    throttledPeriods: stat('nr_throttled') ?? 0n,
    throttledNs: nanos('throttled_usec'),
    bursts: stat('nr_bursts') ?? 0n,
    burstNs: nanos('burst_usec'),
  };
}
