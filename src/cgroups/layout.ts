import { readFileSync, readdirSync } from 'node:fs';
import { fail } from '../base/errors.ts';
import { readText } from './files.ts';
import type { CgroupMount } from './mountinfo.ts';
import { parseCgroupMounts } from './mountinfo.ts';

export type CgroupVersion = 'v1' | 'v2';

/** One mounted tree of cgroups. */
export interface Hierarchy {
  readonly version: CgroupVersion;
  /** Its mount point, without a slash at the end. */
  readonly dir: string;
  /** `cpu`, `cpuacct`, … or `name=systemd`; of v2, those no v1 hierarchy has taken. */
  readonly controllers: ReadonlySet<string>;
}

/** Which hierarchies this machine has, and which of them each controller lives in. */
export interface Layout {
  /** v2 only if no v1 hierarchy holds a controller. */
  readonly version: CgroupVersion;
  readonly hierarchies: readonly Hierarchy[];
  readonly homes: ReadonlyMap<string, Hierarchy>;
  /** The v2 tree; beside v1 ("hybrid") it still has pressure files and cgroup.kill. */
  readonly unified: Hierarchy | undefined;
  /** v2 mounted with memory_localevents: memory.events then counts like memory.events.local. */
  readonly localEvents: boolean;
  /** `2MB`, `1GB`: the page sizes in the names of hugetlb's files. */
  readonly hugepageSizes: readonly string[];
}

/** What the kernel tells of itself; tests give their own. */
export interface LayoutSources {
  readonly mountinfo: string;
  readonly hugepages: readonly string[];
}

/** Options of a v1 mount that are no controllers (cgroup-v1/cgroups.rst, section 2.1). */
const mountFlags = /^(rw|ro|xattr|noprefix|clone_children|cpuset_v2_mode|favordynmods|release_agent=.*)$/;

/** Errors: `failed_precondition` when no cgroup file system is mounted. */
export function findLayout(sources: LayoutSources): Layout {
  const mounts = parseCgroupMounts(sources.mountinfo);
  const hierarchies = mounts.map(hierarchyOf);
  if (hierarchies.length === 0) {
    throw fail('failed_precondition', 'no cgroup file system is mounted; mount -t cgroup2 cgroup2 /sys/fs/cgroup');
  }
  const unified = hierarchies.find((hierarchy) => hierarchy.version === 'v2');
  const homes = new Map<string, Hierarchy>();
  for (const hierarchy of hierarchies) {
    for (const controller of hierarchy.controllers) homes.set(controller, hierarchy);
  }
  const legacy = hierarchies.some((it) => it.version === 'v1' && [...it.controllers].some((c) => !c.includes('=')));
  return {
    version: legacy || unified === undefined ? 'v1' : 'v2',
    hierarchies,
    homes,
    unified,
    localEvents: mounts.some((mount) => mount.version === 'v2' && mount.options.includes('memory_localevents')),
    hugepageSizes: sources.hugepages.map(pageSizeName).filter((size) => size !== undefined),
  };
}

function hierarchyOf(mount: CgroupMount): Hierarchy {
  // /proc/cgroups is no source for v2: newer kernels leave controllers without a v1 side out of it.
  const names =
    mount.version === 'v1'
      ? mount.options.filter((option) => !mountFlags.test(option))
      : (readText(`${mount.dir}/cgroup.controllers`) ?? '').trim().split(' ');
  return { version: mount.version, dir: mount.dir, controllers: new Set(names.filter((name) => name !== '')) };
}

/** `hugepages-2048kB` of /sys/kernel/mm/hugepages is `2MB` in file names (mm/hugetlb_cgroup.c, mem_fmt). */
function pageSizeName(directory: string): string | undefined {
  const kib = Number(/^hugepages-(\d+)kB$/.exec(directory)?.[1]);
  if (!Number.isInteger(kib)) return undefined;
  if (kib >= 1 << 20) return `${kib >> 20}GB`;
  return kib >= 1 << 10 ? `${kib >> 10}MB` : `${kib}KB`;
}

/** What this machine's kernel tells. */
export function ownSources(): LayoutSources {
  return { mountinfo: readFileSync('/proc/self/mountinfo', 'utf8'), hugepages: hugepageDirectories() };
}

/** None on kernels built without huge pages. */
function hugepageDirectories(): readonly string[] {
  try {
    return readdirSync('/sys/kernel/mm/hugepages');
  } catch {
    return [];
  }
}
