import type { Watcher } from '../linux/watcher.ts';
import { checkBlockIo, setBlockIoWeights } from './block-io.ts';
import type { BlockIoKinds, BlockIoWeights } from './block-io.ts';
import { allSides, controllersFor } from './controllers.ts';
import { createGroup, createSubgroup } from './create.ts';
import { parseCgroupfsParent } from './drivers/cgroupfs.ts';
import { containerPath, isSliceName, parseSystemdParent, unitOf } from './drivers/systemd.ts';
import { countedBelow, localOomKills, oomKillsByCgroup, subtreeOomKills } from './events/oom-kills.ts';
import { watchOom } from './events/oom-source.ts';
import { subdirectories } from './files.ts';
import { freezeGroup, isFrozen, thawGroup } from './freezer.ts';
import { bytesReaderOf, directoryIn, groupExists, readerOf } from './group.ts';
import { startIoAccounting } from './io-accounting.ts';
import { checkHonoured } from './honour.ts';
import { killGroup } from './kill.ts';
import type { CgroupVersion, Layout, LayoutSources } from './layout.ts';
import { findLayout, ownSources } from './layout.ts';
import { membersOf, moveProcess } from './members.ts';
import { MigrationWindow } from './migration-window.ts';
import type { CgroupPath } from './path.ts';
import { childPath } from './path.ts';
import { removeGroup } from './remove.ts';
import { readLimits } from './limits.ts';
import type { Limits, Resources } from './resources.ts';
import type { CgroupStats } from './stats.ts';
import { readStats, statsSides } from './stats.ts';
import { StatsReaders } from './stats-reader.ts';
import type { StatsReader } from './stats-reader.ts';
import type { UnitManager } from './systemd/manager.ts';
import { Units } from './systemd/units.ts';
import { Updater } from './update.ts';
import type { Meant } from './update.ts';

/** Who makes cgroups. */
export type CgroupDriver = 'cgroupfs' | 'systemd';

/** The machine's control groups. Functions without a signal cannot wait and run where they are called. */
export interface Cgroups {
  readonly version: CgroupVersion;
  readonly driver: CgroupDriver;
  /** A parent as the kubelet spells it under this driver. Errors: `invalid_argument`. */
  parseParent(text: string): CgroupPath;
  /** `parent/name`. Errors: `invalid_argument`. */
  child(parent: CgroupPath, name: string): CgroupPath;
  /** Of a container, or of a pod's init, in its pod's: a scope if that is a slice. */
  container(pod: CgroupPath, id: string): CgroupPath;
  /** With missing parents, in every hierarchy; on v2 with controllers. See createGroup. */
  create(path: CgroupPath): void;
  /** The same of a pod's, which may be a slice: then systemd makes it. */
  createPod(path: CgroupPath, signal: AbortSignal): Promise<void>;
  /** Makes a cgroup below another for a process of ours, if need be, and moves it there. See Units.enter. */
  enter(parent: CgroupPath, name: string, pid: number, signal: AbortSignal): Promise<void>;
  /** A child of a cgroup that holds processes, for an exec; its path. See createSubgroup. */
  createExec(container: CgroupPath, name: string): CgroupPath;
  /** With all below it; absent is fine; waits while processes are in it. */
  remove(path: CgroupPath, signal: AbortSignal): Promise<void>;
  /** SIGKILL until empty, with all below it; absent is fine. */
  kill(path: CgroupPath, signal: AbortSignal): Promise<void>;
  /** Holds all its processes still. See freezeGroup. */
  freeze(path: CgroupPath, signal: AbortSignal): Promise<void>;
  /** Lets them go on; absent is fine. */
  thaw(path: CgroupPath): void;
  frozen(path: CgroupPath): boolean;
  /** Process ids in it and below, without zombies; none where it is absent. */
  processes(path: CgroupPath): readonly number[];
  /** Errors: `not_found` for an absent process or cgroup. */
  move(pid: number, path: CgroupPath): void;
  /** All of it or nothing; the signal ends the wait, not the work. Errors: see Updater. Of a unit, systemd is told too. */
  update(path: CgroupPath, resources: Resources, signal: AbortSignal): Promise<void>;
  /**
   * Whether this host can hold such limits, in the cgroup or in a child of it. Errors: `failed_precondition` with what it
   * lacks. See checkHonoured.
   */
  check(near: CgroupPath, resources: Resources): void;
  /** The same of block I/O. See checkBlockIo. */
  checkBlockIo(near: CgroupPath, kinds: BlockIoKinds): void;
  /** Weights of block I/O. See setBlockIoWeights. */
  setBlockIoWeights(path: CgroupPath, weights: BlockIoWeights): void;
  /** Sizes of huge pages that this kernel has: `2MB`, `1GB`. */
  readonly hugepageSizes: readonly string[];
  /** Whether systemd writes its files too. */
  isUnit(path: CgroupPath): boolean;
  /** Calls back when systemd has read its units anew, and written their limits in its own way; else never. */
  onReloaded(callback: () => void): Promise<void>;
  /** Whether systemd ended the scope for want of memory. False where it does not know of it. */
  wasOutOfMemory(path: CgroupPath, signal: AbortSignal): Promise<boolean>;
  /** Undefined where the cgroup is absent. */
  read(path: CgroupPath): CgroupStats | undefined;
  /** The same through held descriptors, for what is read again and again. */
  reader(path: CgroupPath): StatsReader;
  /**
   * Limits in force, from the files. v2 has no shares: those `given` are told if the weight in force comes from them,
   * or a kubelet would see other shares than it set and set them for ever.
   */
  limits(path: CgroupPath, given?: Resources): Limits;
  /** Has the kernel count I/O where it would not by itself; may wait for a disk. See io-accounting.ts. */
  startIoAccounting(path: CgroupPath): void;
  /** OOM kills in it and all below it. */
  oomKills(path: CgroupPath): bigint | undefined;
  /** OOM kills of its very own processes. */
  localOomKills(path: CgroupPath): bigint | undefined;
  /** The same with those in cgroups that are gone, where the kernel counts them: v2. */
  countedBelow(path: CgroupPath): bigint | undefined;
  /** OOM kills of each cgroup from it on. See oomKillsByCgroup. */
  oomKillsByCgroup(path: CgroupPath): ReadonlyMap<string, bigint> | undefined;
  /** Calls back when an OOM kill in it is likely. See watchOom. */
  watchOom(path: CgroupPath, watcher: Watcher, onWake: () => void): Disposable | undefined;
  /** Called before a cgroup is removed: the last time to read what its files count. */
  beforeRemove(look: (path: CgroupPath) => void): void;
  exists(path: CgroupPath): boolean;
  /** `using _soon = cgroups.expectMoves()` while processes are about to be moved: see MigrationWindow. */
  expectMoves(): Disposable;
  /** Names of the children, of all hierarchies together. */
  list(path: CgroupPath): readonly string[];
}

export interface CgroupsOptions {
  /** The kernel's own words; tests give others. */
  readonly sources?: LayoutSources;
  /** Told when the kernel never came back from lowering a limit, and a Worker was lost to it. For a counter. */
  readonly onStuck?: () => void;
  readonly driver?: CgroupDriver;
  /** systemd, where it is the service manager: also for what was made before the driver was changed. */
  readonly manager?: UnitManager | undefined;
  /** Readers that may hold their descriptors, about thirty each; those beyond open files anew. */
  readonly heldReaders?: number;
}

/** Errors: `failed_precondition` when no cgroup file system is mounted. */
export function openCgroups(options: CgroupsOptions = {}): Cgroups {
  const layout = findLayout(options.sources ?? ownSources());
  const controllers = controllersFor(layout);
  const sides = statsSides(layout, controllers);
  const window = new MigrationWindow(layout);
  const { driver = 'cgroupfs', manager } = options;
  const units = manager && new Units(layout, manager);
  const asUnit = (path: CgroupPath) => {
    const unit = unitOf(path);
    return units === undefined || unit === undefined ? undefined : { units, unit };
  };
  const keepLimits = async (path: CgroupPath, meant: Meant, signal: AbortSignal) => {
    const one = asUnit(path);
    await one?.units.keepLimits(path, one.unit, meant, signal);
    return one !== undefined;
  };
  const updater = new Updater(layout, controllers, { onStuck: options.onStuck ?? (() => undefined), keepLimits });
  const looks: ((path: CgroupPath) => void)[] = [];
  const readers = new StatsReaders(layout, controllers, options.heldReaders ?? 256);
  return {
    version: layout.version,
    driver,
    parseParent: driver === 'systemd' ? parseSystemdParent : parseCgroupfsParent,
    child: childPath,
    container: containerPath,
    create: (path) => createGroup(layout, path),
    createPod: async (path, signal) => {
      const one = asUnit(path);
      if (one === undefined) createGroup(layout, path);
      else await one.units.create(path, one.unit, signal);
    },
    enter: async (parent, name, pid, signal) => {
      if (units !== undefined && isSliceName(parent)) {
        moveProcess(layout, pid, await units.enter(parent, `${name}.scope`, pid, signal));
        return;
      }
      const path = childPath(parent, name);
      createGroup(layout, path);
      moveProcess(layout, pid, path);
    },
    createExec: (container, name) => {
      const path = childPath(container, name);
      createSubgroup(layout, path);
      return path;
    },
    remove: async (path, signal) => {
      for (const look of looks) look(path);
      const one = asUnit(path);
      if (one === undefined) await removeGroup(layout, path, signal);
      else await one.units.remove(path, one.unit, signal);
    },
    beforeRemove: (look) => void looks.push(look),
    kill: (path, signal) => killGroup(layout, path, signal),
    freeze: (path, signal) => freezeGroup(layout, path, signal),
    thaw: (path) => thawGroup(layout, path),
    frozen: (path) => isFrozen(layout, path),
    processes: (path) => membersOf(layout, path),
    move: (pid, path) => moveProcess(layout, pid, path),
    check: (near, resources) => checkHonoured(layout, near, resources),
    checkBlockIo: (near, kinds) => checkBlockIo(layout, near, kinds),
    setBlockIoWeights: (path, weights) => setBlockIoWeights(layout, path, weights),
    hugepageSizes: layout.hugepageSizes,
    update: (path, resources, signal) => updater.update(path, resources, signal),
    isUnit: (path) => asUnit(path) !== undefined,
    onReloaded: async (callback) => units?.onReloaded(callback),
    wasOutOfMemory: async (path, signal) => {
      const one = asUnit(path);
      return one !== undefined && one.unit.kind === 'scope' && one.units.wasOutOfMemory(one.unit, signal);
    },
    read: (path) => readStats(sides, bytesReaderOf(layout, path)),
    reader: (path) => readers.open(path),
    limits: (path, given) => readLimits(allSides(layout, controllers), readerOf(layout, path), given),
    startIoAccounting: (path) => startIoAccounting(layout, path),
    oomKills: (path) => subtreeOomKills(layout, path),
    countedBelow: (path) => countedBelow(layout, path),
    localOomKills: (path) => localOomKills(layout, path),
    oomKillsByCgroup: (path) => oomKillsByCgroup(layout, path),
    watchOom: (path, watcher, onWake) => watchOom(layout, path, watcher, onWake),
    expectMoves: () => window.open(),
    exists: (path) => groupExists(layout, path),
    list: (path) => childNames(layout, path),
  };
}

function childNames(layout: Layout, path: CgroupPath): readonly string[] {
  return [...new Set(layout.hierarchies.flatMap((hierarchy) => subdirectories(directoryIn(hierarchy, path))))].sort();
}
