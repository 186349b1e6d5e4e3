import { KeyedFile, key, numberIn } from '../file-bytes.ts';
import type { Key, ReadBytes } from '../file-bytes.ts';
import type { ReadFile } from '../group.ts';
import type { Resources } from '../resources.ts';
import type { Controller, Write } from './controller.ts';
import { sharesToWeight, weightToShares } from './cpu-weight.ts';
import { parseNumber, present } from './text.ts';

/** Nanoseconds since the cgroup was made, of it and all below it. Undefined: it was not read. */
export interface CpuStats {
  readonly usageNs: number;
  readonly userNs: number | undefined;
  readonly systemNs: number | undefined;
  /** Counted only while a quota is set, like all that follows; 0 on kernels that do not know it. */
  readonly periods: number | undefined;
  readonly throttledPeriods: number | undefined;
  readonly throttledNs: number | undefined;
  readonly bursts: number | undefined;
  readonly burstNs: number | undefined;
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

const keys = {
  periods: key('nr_periods'),
  throttledPeriods: key('nr_throttled'),
  throttledTime: key('throttled_time'),
  bursts: key('nr_bursts'),
  burstTime: key('burst_time'),
  usage: key('usage_usec'),
  user: key('user_usec'),
  system: key('system_usec'),
  throttled: key('throttled_usec'),
  burst: key('burst_usec'),
};

/** Usage is cpuacct's, a controller and perhaps a hierarchy of its own; its `_user` and `_sys` files are in ns. */
function statsV1(read: ReadBytes): CpuStats | undefined {
  const usageNs = numberIn(read('cpuacct.usage'));
  if (usageNs === undefined) return undefined;
  const userNs = numberIn(read('cpuacct.usage_user'));
  const systemNs = numberIn(read('cpuacct.usage_sys'));
  const file = read('cpu.stat');
  const stat = file && new KeyedFile(file);
  const counted = (wanted: Key) => (stat === undefined ? undefined : (stat.of(wanted) ?? 0));
  return {
    ...{ usageNs, userNs, systemNs },
    periods: counted(keys.periods),
    throttledPeriods: counted(keys.throttledPeriods),
    throttledNs: counted(keys.throttledTime),
    bursts: counted(keys.bursts),
    burstNs: counted(keys.burstTime),
  };
}

function statsV2(read: ReadBytes): CpuStats | undefined {
  const file = read('cpu.stat');
  if (file === undefined) return undefined;
  const stat = new KeyedFile(file);
  const nanos = (wanted: Key): number => (stat.of(wanted) ?? 0) * 1000;
  return {
    usageNs: nanos(keys.usage),
    userNs: nanos(keys.user),
    systemNs: nanos(keys.system),
    periods: stat.of(keys.periods) ?? 0,
    throttledPeriods: stat.of(keys.throttledPeriods) ?? 0,
    throttledNs: nanos(keys.throttled),
    bursts: stat.of(keys.bursts) ?? 0,
    burstNs: nanos(keys.burst),
  };
}
