import { variant } from '../../linux/dbus/wire.ts';
import { parseNumber } from '../controllers/text.ts';
import type { ReadFile } from '../group.ts';
import type { Layout } from '../layout.ts';
import type { UnitProperties } from './manager.ts';

/** systemd's word for no limit. */
const infinity = 2n ** 64n - 1n;
/** v1 shows no limit of memory as the highest number of whole pages, and is written it as -1. */
const highest = 2n ** 62n;
const second = 1_000_000n;
/** Microseconds of a second: systemd writes quotas down in whole percent, and would read less than was asked for. */
const percent = 10_000n;

/**
 * A file may not say what was written there: systemd makes a slice's directory, and writes its own defaults in a moment of
 * its own after that.
 */
export const meantOr =
  (meant: ReadonlyMap<string, string>, read: ReadFile): ReadFile =>
  (file) =>
    meant.get(file) ?? read(file);

/**
 * The limits that a cgroup's files show, as properties of its unit (systemd.resource-control(5)): systemd writes the files
 * of a unit anew at `daemon-reload` and whenever one of its properties is set, and would lift what it does not know of.
 * hugetlb, I/O limits of devices, and cpusets on v1 are not among what it writes.
 */
export function propertiesOf(layout: Layout, read: ReadFile): UnitProperties {
  const found: Record<string, ReturnType<typeof variant>> = {};
  const limit = (property: string, file: string) => {
    const text = read(file)?.trim();
    if (text === undefined || text === '') return;
    const value = text === 'max' ? infinity : parseNumber(text);
    if (value !== undefined) found[property] = variant('t', value < 0n || value > highest ? infinity : value);
  };
  limit('MemoryMax', 'memory.max');
  limit('MemoryHigh', 'memory.high');
  limit('MemoryLow', 'memory.low');
  limit('MemoryMin', 'memory.min');
  limit('MemorySwapMax', 'memory.swap.max');
  limit('TasksMax', 'pids.max');
  limit('CPUWeight', 'cpu.weight');
  limit('MemoryLimit', 'memory.limit_in_bytes');
  limit('CPUShares', 'cpu.shares');
  const weight = parseNumber(/^default (\d+)/.exec(read('io.weight') ?? '')?.[1]);
  if (weight !== undefined) found['IOWeight'] = variant('t', weight);
  if (layout.homes.get('cpuset')?.version !== 'v1') {
    const [cpus, nodes] = [listMask(read('cpuset.cpus')), listMask(read('cpuset.mems'))];
    if (cpus !== undefined) found['AllowedCPUs'] = variant('ay', cpus);
    if (nodes !== undefined) found['AllowedMemoryNodes'] = variant('ay', nodes);
  }
  return { ...found, ...quotaOf(read) };
}

function quotaOf(read: ReadFile): UnitProperties {
  const [ownQuota, ownPeriod] = (read('cpu.max') ?? '').trim().split(' ');
  const quota = parseNumber(ownQuota) ?? parseNumber(read('cpu.cfs_quota_us'));
  const period = parseNumber(ownPeriod) ?? parseNumber(read('cpu.cfs_period_us'));
  if (period === undefined) return {};
  const share = quota === undefined || quota < 0n ? infinity : roundUp((quota * second) / period);
  return { CPUQuotaPerSecUSec: variant('t', share), CPUQuotaPeriodUSec: variant('t', period) };
}

const roundUp = (share: bigint) => ((share + percent - 1n) / percent) * percent;

/** `0-3,8` as bits, the lowest first; undefined: none given, so all of the parent's. */
function listMask(text: string | undefined): Uint8Array | undefined {
  const bytes: number[] = [];
  for (const range of (text ?? '')
    .trim()
    .split(',')
    .filter((part) => part !== '')) {
    const [first = NaN, last = first] = range.split('-').map(Number);
    for (let bit = first; bit <= last; bit++) {
      while (bytes.length <= bit >> 3) bytes.push(0);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
  }
  return bytes.length === 0 ? undefined : Uint8Array.from(bytes);
}
