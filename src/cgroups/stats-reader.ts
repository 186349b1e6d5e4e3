import { closeSync, constants, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../base/errors.ts';
import { sideOf } from './controllers.ts';
import type { Controllers } from './controllers.ts';
import type { Side } from './controllers/controller.ts';
import { absentErrnos, isDirectory, readAll } from './files.ts';
import { filePath, readerOf } from './group.ts';
import type { ReadFile } from './group.ts';
import type { Layout } from './layout.ts';
import { readLimits } from './limits.ts';
import type { CgroupPath } from './path.ts';
import type { Limits, Resources } from './resources.ts';
import type { CgroupStats, StatsPart } from './stats.ts';
import { readStats } from './stats.ts';

/** Reads one cgroup again and again. Dispose it when the cgroup is no longer of interest. */
export interface StatsReader extends Disposable {
  /** All of it or what is wanted; undefined once the cgroup is gone, and the descriptors are closed then. */
  read(wanted?: Wanted): CgroupStats | undefined;
  /** The limits of CPU and memory in force, through descriptors held like the others. See Cgroups.limits. */
  limits(given?: Resources): Limits;
}

/** What to read of a cgroup: each file costs a microsecond or two, times hundreds of cgroups. */
export interface Wanted {
  readonly parts: ReadonlySet<StatsPart>;
  /** Files of these parts to do without: what is in them is undefined then. */
  readonly without: ReadonlySet<string>;
}

/** The readers of one daemon: only so many hold descriptors, the others open and close theirs at each read. */
export class StatsReaders {
  readonly #layout: Layout;
  readonly #controllers: Controllers;
  readonly #sides: readonly Side<unknown>[];
  #free: number;

  constructor(layout: Layout, controllers: Controllers, bound: number) {
    this.#layout = layout;
    this.#controllers = controllers;
    this.#sides = [
      sideOf<unknown>(layout, 'cpu', controllers.cpu),
      sideOf<unknown>(layout, 'memory', controllers.memory),
    ];
    this.#free = bound;
  }

  open(path: CgroupPath): StatsReader {
    if (this.#free === 0) return this.#passing(path);
    this.#free--;
    return this.#held(new HeldFiles(this.#layout, path));
  }

  #passing(path: CgroupPath): StatsReader {
    const read = readerOf(this.#layout, path);
    return {
      read: (wanted) => this.#read(read, wanted),
      limits: (given) => readLimits(this.#sides, read, given),
      [Symbol.dispose]: () => undefined,
    };
  }

  #read(read: ReadFile, wanted: Wanted | undefined): CgroupStats | undefined {
    if (wanted === undefined) return readStats(this.#layout, this.#controllers, read);
    const some: ReadFile = (file) => (wanted.without.has(file) ? undefined : read(file));
    return readStats(this.#layout, this.#controllers, some, wanted.parts);
  }

  #held(files: HeldFiles): StatsReader {
    let open = true;
    const close = () => {
      if (!open) return;
      open = false;
      this.#free++;
      files[Symbol.dispose]();
    };
    const read = (wanted?: Wanted) => {
      const stats = open ? this.#read(files.read, wanted) : undefined;
      if (stats === undefined || files.removed) {
        close();
        return undefined;
      }
      return stats;
    };
    const limits = (given?: Resources) => (open ? readLimits(this.#sides, files.read, given) : {});
    return { read, limits, [Symbol.dispose]: close };
  }
}

/**
 * Descriptors of a cgroup's files, opened when first read. kernfs makes the text anew for each read at offset 0, and
 * answers ENODEV once the cgroup is removed, even if another of the same name has taken its place.
 */
class HeldFiles implements Disposable {
  readonly #layout: Layout;
  readonly #path: CgroupPath;
  /** -1: this kernel has no such file. */
  readonly #descriptors = new Map<string, number>();
  removed = false;

  constructor(layout: Layout, path: CgroupPath) {
    this.#layout = layout;
    this.#path = path;
  }

  readonly read: ReadFile = (file) => {
    const fd = this.#descriptors.get(file) ?? this.#open(file);
    if (fd === undefined) return undefined;
    this.#descriptors.set(file, fd);
    if (fd === -1) return undefined;
    try {
      return readAll(fd);
    } catch (error) {
      if (!absentErrnos.has(errnoOf(error))) throw error;
      if (errnoOf(error) === 'ENODEV') this.removed = true;
      return undefined;
    }
  };

  /** Undefined where the cgroup is not in this hierarchy: the OCI runtime may be about to make it. */
  #open(file: string): number | undefined {
    const path = filePath(this.#layout, this.#path, file);
    if (path === undefined) return -1;
    try {
      return openSync(path, constants.O_RDONLY);
    } catch (error) {
      if (!absentErrnos.has(errnoOf(error))) throw error;
      return isDirectory(dirname(path)) ? -1 : undefined;
    }
  }

  [Symbol.dispose](): void {
    for (const fd of this.#descriptors.values()) if (fd !== -1) closeSync(fd);
    this.#descriptors.clear();
  }
}
