import { sleep, withTimeout } from '../../base/abort.ts';
import { fail } from '../../base/errors.ts';
import { createGroup } from '../create.ts';
import { isDirectory, subdirectories } from '../files.ts';
import { directoryIn, readerOf } from '../group.ts';
import type { Hierarchy, Layout } from '../layout.ts';
import { membersAnywhere } from '../members.ts';
import type { CgroupPath } from '../path.ts';
import { childPath } from '../path.ts';
import { isSliceName, unitOf } from '../drivers/systemd.ts';
import type { Unit } from '../drivers/systemd.ts';
import { removeGroup } from '../remove.ts';
import type { Meant } from '../update.ts';
import type { UnitManager } from './manager.ts';
import { meantOr, propertiesOf } from './properties.ts';

/** Milliseconds that systemd may take for a unit. */
const unitMs = 30_000;
const firstPauseMs = 1;
const longestPauseMs = 100;

/** Cgroups that are units: made, limited and ended by systemd, which must not find them changed behind its back. */
export class Units {
  readonly #layout: Layout;
  readonly #manager: UnitManager;

  constructor(layout: Layout, manager: UnitManager) {
    this.#layout = layout;
    this.#manager = manager;
  }

  /** A slice, with those above it. */
  async create(path: CgroupPath, unit: Unit, signal: AbortSignal): Promise<void> {
    if (unit.kind !== 'slice') throw fail('internal', `cgroup ${path}: a scope is made with its first process`);
    await this.#manager.startSlice(unit.name, signal);
    await this.#until(path, true, signal);
    this.#createElsewhere(path);
  }

  /** Moves a process of ours into a scope below a slice, both made if need be. */
  async enter(slice: CgroupPath, name: string, pid: number, signal: AbortSignal): Promise<CgroupPath> {
    const path = childPath(slice, name);
    const unit = unitOf(path);
    if (unit?.kind !== 'scope' || unit.slice === undefined) throw fail('internal', `cgroup ${path} is no scope`);
    await this.#manager.startScope({ name, slice: unit.slice, pid }, signal);
    await this.#until(path, true, signal);
    this.#createElsewhere(path);
    return path;
  }

  /**
   * Ends the unit once nobody is in it, then removes what is left of its cgroup. It is systemd that removes the one it
   * watches: of one that is taken away from it, it might never learn that it is empty, and keep the unit for ever.
   * A slice that others have units in stays.
   */
  async remove(path: CgroupPath, unit: Unit, signal: AbortSignal): Promise<void> {
    for (let pause = firstPauseMs; membersAnywhere(this.#layout, path).length > 0; pause = longer(pause))
      await this.#pause(path, pause, signal);
    if (unit.kind === 'slice' && this.#hasUnits(path)) return;
    await this.#manager.stop(unit.name, withTimeout(signal, unitMs));
    await this.#until(path, false, signal);
    await removeGroup(this.#layout, path, signal);
  }

  /** Has systemd know the limits that are `meant`, and the others that the cgroup's files show. */
  async keepLimits(path: CgroupPath, unit: Unit, meant: Meant, signal: AbortSignal): Promise<void> {
    const properties = propertiesOf(this.#layout, meantOr(meant, readerOf(this.#layout, path)));
    await this.#manager.setProperties(unit.name, properties, withTimeout(signal, unitMs));
  }

  async wasOutOfMemory(unit: Unit, signal: AbortSignal): Promise<boolean> {
    return (await this.#manager.result(unit.name, withTimeout(signal, unitMs))) === 'oom-kill';
  }

  onReloaded(callback: () => void): Promise<void> {
    return this.#manager.onReloaded(callback);
  }

  /** The tree by which systemd knows who is in a unit. */
  get #watched(): Hierarchy | undefined {
    return this.#layout.homes.get('name=systemd') ?? this.#layout.unified;
  }

  /** On v1 in the hierarchies too that systemd leaves alone: cpuset, freezer, hugetlb and the like. */
  #createElsewhere(path: CgroupPath): void {
    if (this.#layout.version === 'v1') createGroup(this.#layout, path);
  }

  #hasUnits(path: CgroupPath): boolean {
    const home = this.#watched;
    if (home === undefined) return false;
    return subdirectories(directoryIn(home, path)).some((name) => isSliceName(name) || /\.(scope|service)$/.test(name));
  }

  async #until(path: CgroupPath, there: boolean, signal: AbortSignal): Promise<void> {
    const home = this.#watched;
    if (home === undefined) return;
    const limited = withTimeout(signal, unitMs);
    for (let pause = firstPauseMs; isDirectory(directoryIn(home, path)) !== there; pause = longer(pause))
      await this.#pause(path, pause, limited);
  }

  async #pause(path: CgroupPath, ms: number, signal: AbortSignal): Promise<void> {
    try {
      await sleep(ms, signal);
    } catch (error) {
      const pids = membersAnywhere(this.#layout, path).slice(0, 10);
      const why = pids.length > 0 ? `processes ${pids.join(', ')} are in it` : 'systemd has not come to it yet';
      throw fail('deadline_exceeded', `cgroup ${path}: ${why}`, error);
    }
  }
}

const longer = (pause: number) => Math.min(pause * 2, longestPauseMs);
