import { controllerNames, v1Name } from './controllers.ts';
import type { ControllerName } from './controllers.ts';
import { readText } from './files.ts';
import { findLayout, ownSources } from './layout.ts';
import type { CgroupVersion, Layout } from './layout.ts';

/** Where one controller is. */
export interface ControllerFact {
  readonly name: ControllerName;
  readonly where: CgroupVersion | 'missing';
  /** Its mount point. */
  readonly dir: string | undefined;
  /** Of a missing one: whether a mount or a boot option would bring it. */
  readonly why: 'not mounted' | 'disabled at boot' | 'not in this kernel' | undefined;
}

/** What `cricket check` tells of the machine's cgroups. */
export interface CgroupReport {
  readonly version: CgroupVersion;
  /** v1 controllers with a v2 tree beside them. */
  readonly hybrid: boolean;
  readonly controllers: readonly ControllerFact[];
  /** Controllers that are nowhere: their limits and numbers are missing too. */
  readonly missing: readonly string[];
  /**
   * Controllers of a hybrid machine that no v1 hierarchy holds, mostly hugetlb: crun refuses to run then ("cgroups in
   * hybrid mode not supported").
   */
  readonly leftToV2: readonly string[];
  /** Commands for a root shell that mount what v1 lacks. They do not outlast a reboot. */
  readonly mend: readonly string[];
}

/** `procCgroups` is the text of /proc/cgroups, whose only use is to say why something is missing. */
export function reportOf(layout: Layout, procCgroups: string): CgroupReport {
  const unified = layout.version === 'v1' ? layout.unified : undefined;
  const leftToV2 = unified === undefined ? [] : [...unified.controllers];
  const controllers = controllerNames.map((name) => controllerFact(layout, name, procCgroups));
  const unmounted = controllers.filter((fact) => fact.why === 'not mounted').map((fact) => v1Name(fact.name));
  return {
    version: layout.version,
    hybrid: unified !== undefined,
    controllers,
    missing: controllers.filter((fact) => fact.where === 'missing').map((fact) => fact.name),
    leftToV2,
    mend: layout.version === 'v2' ? [] : [...unmounted, ...leftToV2].map((name) => mountCommand(layout, name)),
  };
}

function controllerFact(layout: Layout, name: ControllerName, procCgroups: string): ControllerFact {
  const home = layout.homes.get(v1Name(name)) ?? layout.homes.get(name);
  if (home !== undefined) return { name, where: home.version, dir: home.dir, why: undefined };
  return { name, where: 'missing', dir: undefined, why: whyMissing(v1Name(name), procCgroups) };
}

/** Lines of /proc/cgroups: name, hierarchy, number of cgroups, enabled. */
function whyMissing(name: string, procCgroups: string): ControllerFact['why'] {
  const line = procCgroups.split('\n').find((each) => each.startsWith(`${name}\t`));
  if (line === undefined) return 'not in this kernel';
  return line.endsWith('\t0') ? 'disabled at boot' : 'not mounted';
}

/** Beside the other v1 hierarchies, named after the controller, as distributions do. v1 calls io blkio. */
function mountCommand(layout: Layout, name: string): string {
  const v1 = layout.hierarchies.find((hierarchy) => hierarchy.version === 'v1');
  const base = v1 === undefined ? '/sys/fs/cgroup' : v1.dir.slice(0, v1.dir.lastIndexOf('/'));
  const option = name === 'io' ? 'blkio' : name;
  return `mkdir -p ${base}/${option} && mount -t cgroup -o ${option} cgroup ${base}/${option}`;
}

/** The report of this machine. Errors: `failed_precondition` when no cgroup file system is mounted. */
export function hostReport(): CgroupReport {
  return reportOf(findLayout(ownSources()), readText('/proc/cgroups') ?? '');
}
