import { readFileSync } from 'node:fs';
import { nowMicros } from '../../base/clock.ts';
import type { Cgroups } from '../../cgroups/cgroups.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import type { StatsReader } from '../../cgroups/stats-reader.ts';
import type { CgroupStats } from '../../cgroups/stats.ts';
import { InterfaceReader } from '../../linux/interface-counters.ts';
import type { InterfaceCounters } from '../../linux/interface-counters.ts';
import { DescriptorCounts } from './descriptors.ts';
import { wantedOf } from './look.ts';
import type { ContainerDetail, ContainerLook, Detail, Look, NamedDevice, PodLook } from './look.ts';
import { CpuRate } from './rate.ts';
import { SeldomRead, nodeHasHugePages } from './seldom.ts';

export interface Target {
  readonly id: string;
  readonly cgroup: string;
  /** Changes with every update of its limits. */
  readonly revision: string;
}
export interface ContainerTarget extends Target {
  /** As they were asked for: v2 does not keep them. */
  readonly cpuShares: number;
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

/** Microseconds. Who asks within this time of another is told the same: one pass for all. */
const freshUs = 100_000;

/** Looks at cgroups through descriptors that it holds, and remembers what rates need. Lives in the stats Worker. */
export class Looker {
  readonly #cgroups: Cgroups;
  readonly #wanted: ReturnType<typeof wantedOf>;
  readonly #containers = new Map<string, Entry<ContainerLook>>();
  readonly #pods = new Map<string, Entry<PodLook>>();
  readonly #descriptors = new DescriptorCounts();
  readonly #interfaces = new InterfaceReader();
  readonly #devices = new Map<string, string>();
  #countsIo = false;

  constructor(cgroups: Cgroups) {
    this.#cgroups = cgroups;
    this.#wanted = wantedOf(cgroups.version);
  }

  /** In the order asked for; undefined where the cgroup is gone. */
  containers(targets: readonly ContainerTarget[], detail: Detail): readonly (ContainerLook | undefined)[] {
    if (detail === 'all')
      this.#descriptors.refresh(targets, ({ cgroup }) => this.#cgroups.processes(cgroup as CgroupPath));
    const hugePages = detail === 'all' && nodeHasHugePages();
    const now = nowMicros();
    return targets.map((target) => {
      const entry = this.#entryOf(this.#containers, target);
      const fresh = freshOf(entry, detail, now);
      if (fresh !== undefined) return fresh;
      const look = this.#look(target, entry, detail);
      if (look === undefined) return undefined;
      if (look.stats.io?.length === 0) this.#countIo(target);
      const more = detail === 'all' ? this.#detail(target, entry, look.stats, hugePages) : undefined;
      const { stats, bounds, nanoCores } = look;
      return keep(entry, detail, { stats, bounds, nanoCores, more });
    });
  }

  /** In the order asked for; undefined where the cgroup is gone. */
  pods(targets: readonly PodTarget[]): readonly (PodLook | undefined)[] {
    const now = nowMicros();
    const entries = targets.map((target) => this.#entryOf(this.#pods, target));
    const stale = targets.filter((_, i) => entries[i] !== undefined && !freshOf(entries[i], 'usage', now));
    const interfaces = this.networks(stale);
    return targets.map((target, i) => {
      const entry = entries[i];
      if (entry === undefined) return undefined;
      const fresh = freshOf(entry, 'usage', now);
      if (fresh !== undefined) return fresh;
      const look = this.#look(target, entry, 'usage');
      if (look === undefined) return undefined;
      const processes = entry.reader.processes();
      const { stats, bounds, nanoCores } = look;
      return keep(entry, 'usage', { stats, bounds, nanoCores, processes, interfaces: interfaces.get(target.id) });
    });
  }

  /** Network alone, for what needs no more of pods. */
  networks(targets: readonly PodTarget[]): ReadonlyMap<string, readonly InterfaceCounters[]> {
    const own = targets.flatMap(({ id, netns }) => (netns === undefined ? [] : [{ id, netns }]));
    const counted = this.#interfaces.read(own);
    return new Map(own.flatMap(({ id }, i) => (counted[i] === undefined ? [] : [[id, counted[i]] as const])));
  }

  /** Lets go of the descriptors of what is no more. */
  forget(ids: readonly string[]): void {
    for (const id of ids) {
      this.#descriptors.forget(id);
      this.#interfaces.forget(id);
      for (const entries of [this.#containers, this.#pods]) {
        entries.get(id)?.reader[Symbol.dispose]();
        entries.delete(id);
      }
    }
  }

  #look({ id, revision }: Target, { reader, rate, seldom }: Entry<Look>, detail: Detail): Look | undefined {
    const stats = reader.read(this.#wanted[detail]);
    if (stats === undefined) {
      this.forget([id]);
      return undefined;
    }
    const nanoCores = stats.cpu === undefined ? undefined : rate.next(stats.at, stats.cpu.usageNs);
    return { stats, bounds: seldom.bounds(reader, revision), nanoCores };
  }

  /** Once: a cgroup without I/O of its own looks the same ever after. */
  #countIo({ cgroup }: Target): void {
    if (this.#countsIo) return;
    this.#countsIo = true;
    this.#cgroups.startIoAccounting(cgroup as CgroupPath);
  }

  #detail(
    { id, cpuShares, revision }: ContainerTarget,
    { reader, seldom }: Entry<ContainerLook>,
    stats: CgroupStats,
    hugePages: boolean,
  ): ContainerDetail {
    return {
      version: this.#cgroups.version,
      limits: seldom.limits(reader, cpuShares, revision),
      disks: (stats.io ?? []).map((device): NamedDevice => ({ ...device, path: this.#pathOf(device.device) })),
      hugetlb: seldom.hugetlb(reader, hugePages),
      processes: reader.processes(),
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

  #entryOf<L extends Look>(entries: Map<string, Entry<L>>, { id, cgroup }: Target): Entry<L> {
    const known = entries.get(id);
    if (known !== undefined) return known;
    const reader = this.#cgroups.reader(cgroup as CgroupPath);
    const entry: Entry<L> = { reader, rate: new CpuRate(), seldom: new SeldomRead(), last: undefined };
    entries.set(id, entry);
    return entry;
  }
}

function freshOf<L extends Look>({ last }: Entry<L>, detail: Detail, now: number): L | undefined {
  if (last === undefined || (detail === 'all' && last.detail !== 'all')) return undefined;
  return now - last.look.stats.at < freshUs ? last.look : undefined;
}

function keep<L extends Look>(entry: Entry<L>, detail: Detail, look: L): L {
  entry.last = { detail, look };
  return look;
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
