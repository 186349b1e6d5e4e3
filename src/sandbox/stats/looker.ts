import { readFileSync } from 'node:fs';
import { nowNanos } from '../../base/clock.ts';
import type { Cgroups } from '../../cgroups/cgroups.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import type { StatsReader } from '../../cgroups/stats-reader.ts';
import type { CgroupStats } from '../../cgroups/stats.ts';
import { readInterfaceCounters } from '../../linux/interface-counters.ts';
import type { InterfaceCounters } from '../../linux/interface-counters.ts';
import { DescriptorCounts } from './descriptors.ts';
import { wantedOf } from './look.ts';
import type { ContainerDetail, ContainerLook, Detail, Look, NamedDevice, PodLook } from './look.ts';
import { CpuRate } from './rate.ts';
import { SeldomRead, nodeHasHugePages } from './seldom.ts';

export interface Target {
  readonly id: string;
  readonly cgroup: string;
}
export interface ContainerTarget extends Target {
  /** As they were asked for: v2 does not keep them. */
  readonly cpuShares: number;
  /** Changes with every update of its limits. */
  readonly revision: string;
}
export interface PodTarget extends Target {
  /** Its pinned network namespace; undefined on the host's network. */
  readonly netns: string | undefined;
}

interface Entry<L extends Look> {
  readonly reader: StatsReader;
  readonly rate: CpuRate;
  readonly seldom: SeldomRead;
  last: { readonly detail: Detail; readonly look: L } | undefined;
}

/** Who asks within this time of another is told the same: one pass for all. */
const freshNs = 100_000_000n;

/** Looks at cgroups through descriptors that it holds, and remembers what rates need. Lives in the stats Worker. */
export class Looker {
  readonly #cgroups: Cgroups;
  readonly #containers = new Map<string, Entry<ContainerLook>>();
  readonly #pods = new Map<string, Entry<PodLook>>();
  readonly #descriptors = new DescriptorCounts();
  readonly #devices = new Map<string, string>();
  #countsIo = false;

  constructor(cgroups: Cgroups) {
    this.#cgroups = cgroups;
  }

  /** In the order asked for; undefined where the cgroup is gone. */
  containers(targets: readonly ContainerTarget[], detail: Detail): readonly (ContainerLook | undefined)[] {
    const pids = detail === 'all' ? this.#members(targets) : [];
    this.#descriptors.refresh(pids);
    const hugePages = detail === 'all' && nodeHasHugePages();
    return targets.map((target, i) => {
      const entry = entryOf(this.#containers, target, this.#cgroups);
      const fresh = freshOf(entry, detail);
      if (fresh !== undefined) return fresh;
      const stats = this.#read(target, entry.reader, detail);
      if (stats === undefined) return undefined;
      if (stats.io?.length === 0) this.#countIo(target);
      const counts = { processes: pids[i]?.pids.length ?? 0, hugePages };
      const more = detail === 'all' ? this.#detail(target, entry, stats, counts) : undefined;
      return keep(entry, detail, { stats, nanoCores: rateOf(entry, stats), more });
    });
  }

  /** In the order asked for; undefined where the cgroup is gone. */
  pods(targets: readonly PodTarget[]): readonly (PodLook | undefined)[] {
    const isStale = (target: PodTarget) => freshOf(entryOf(this.#pods, target, this.#cgroups), 'usage') === undefined;
    const stale = new Set(targets.filter(isStale));
    const interfaces = interfacesOf([...stale]);
    return targets.map((target) => {
      const entry = entryOf(this.#pods, target, this.#cgroups);
      if (!stale.has(target)) return entry.last?.look;
      const stats = this.#read(target, entry.reader, 'usage');
      if (stats === undefined) return undefined;
      const processes = this.#cgroups.processes(target.cgroup as CgroupPath).length;
      const look = { stats, nanoCores: rateOf(entry, stats), processes, interfaces: interfaces.get(target.id) };
      return keep(entry, 'usage', look);
    });
  }

  /** Network alone, for what needs no more of pods. */
  networks(targets: readonly PodTarget[]): ReadonlyMap<string, readonly InterfaceCounters[]> {
    return interfacesOf(targets);
  }

  /** Lets go of the descriptors of what is no more. */
  forget(ids: readonly string[]): void {
    for (const id of ids) {
      this.#descriptors.forget(id);
      for (const entries of [this.#containers, this.#pods]) {
        entries.get(id)?.reader[Symbol.dispose]();
        entries.delete(id);
      }
    }
  }

  #read({ id }: Target, reader: StatsReader, detail: Detail): CgroupStats | undefined {
    const stats = reader.read(wantedOf[detail]);
    if (stats === undefined) this.forget([id]);
    return stats;
  }

  /** Once: a cgroup without I/O of its own looks the same ever after. */
  #countIo({ cgroup }: Target): void {
    if (this.#countsIo) return;
    this.#countsIo = true;
    this.#cgroups.startIoAccounting(cgroup as CgroupPath);
  }

  #members(targets: readonly ContainerTarget[]) {
    return targets.map(({ id, cgroup }) => ({ id, pids: this.#cgroups.processes(cgroup as CgroupPath) }));
  }

  #detail(
    { id, cpuShares, revision }: ContainerTarget,
    { reader, seldom }: Entry<ContainerLook>,
    stats: CgroupStats,
    { processes, hugePages }: { readonly processes: number; readonly hugePages: boolean },
  ): ContainerDetail {
    return {
      version: this.#cgroups.version,
      limits: seldom.limits(reader, cpuShares, revision),
      disks: (stats.io ?? []).map((device): NamedDevice => ({ ...device, path: this.#pathOf(device.device) })),
      hugetlb: seldom.hugetlb(reader, hugePages),
      processes,
      descriptors: this.#descriptors.of(id),
    };
  }

  #pathOf(device: string): string {
    const known = this.#devices.get(device);
    if (known !== undefined) return known;
    const path = devicePath(device);
    this.#devices.set(device, path);
    return path;
  }
}

function entryOf<L extends Look>(entries: Map<string, Entry<L>>, { id, cgroup }: Target, cgroups: Cgroups): Entry<L> {
  const known = entries.get(id);
  if (known !== undefined) return known;
  const entry: Entry<L> = {
    reader: cgroups.reader(cgroup as CgroupPath),
    rate: new CpuRate(),
    seldom: new SeldomRead(),
    last: undefined,
  };
  entries.set(id, entry);
  return entry;
}

function freshOf<L extends Look>({ last }: Entry<L>, detail: Detail): L | undefined {
  if (last === undefined || (detail === 'all' && last.detail !== 'all')) return undefined;
  return nowNanos() - last.look.stats.at < freshNs ? last.look : undefined;
}

function keep<L extends Look>(entry: Entry<L>, detail: Detail, look: L): L {
  entry.last = { detail, look };
  return look;
}

function rateOf({ rate }: Entry<Look>, { at, cpu }: CgroupStats): bigint | undefined {
  return cpu === undefined ? undefined : rate.next(at, cpu.usageNs);
}

function interfacesOf(targets: readonly PodTarget[]): ReadonlyMap<string, readonly InterfaceCounters[]> {
  const own = targets.flatMap(({ id, netns }) => (netns === undefined ? [] : [{ id, netns }]));
  const counted = readInterfaceCounters(own.map(({ netns }) => netns));
  return new Map(own.flatMap(({ id }, i) => (counted[i] === undefined ? [] : [[id, counted[i]] as const])));
}

/** `254:0` → `/dev/vda`; empty where sysfs does not know it. */
function devicePath(device: string): string {
  try {
    const name = /^DEVNAME=(.+)$/m.exec(readFileSync(`/sys/dev/block/${device}/uevent`, 'latin1'))?.[1];
    return name === undefined ? '' : `/dev/${name}`;
  } catch {
    return '';
  }
}
