import { sideOf } from './controllers.ts';
import type { Controllers } from './controllers.ts';
import type { Side } from './controllers/controller.ts';
import { memoryBoundsV1, memoryBoundsV2 } from './controllers/memory-stats.ts';
import type { MemoryBounds } from './controllers/memory-stats.ts';
import { bytesOf, numberIn, textOf } from './file-bytes.ts';
import type { ReadBytes } from './file-bytes.ts';
import { bytesReaderOf } from './group.ts';
import { HeldFiles } from './held-files.ts';
import type { Layout } from './layout.ts';
import { readLimits } from './limits.ts';
import { MemberCount } from './member-count.ts';
import { membersOf } from './members.ts';
import type { CgroupPath } from './path.ts';
import type { Limits, Resources } from './resources.ts';
import type { CgroupStats, StatsPart, StatsSides } from './stats.ts';
import { readStats, statsSides } from './stats.ts';

/** Reads one cgroup again and again. Dispose it when the cgroup is no longer of interest. */
export interface StatsReader extends Disposable {
  /** All of it or what is wanted; undefined once the cgroup is gone, and the descriptors are closed then. */
  read(wanted?: Wanted): CgroupStats | undefined;
  /** The limits of CPU and memory in force, through descriptors held like the others. See Cgroups.limits. */
  limits(given?: Resources): Limits;
  /** What usage can be compared with. */
  bounds(): Bounds;
  /** In it and all below it, without zombies; 0 where it is gone. */
  processes(): number;
}

/** Limits as figures tell them; undefined: none. */
export interface Bounds extends MemoryBounds {
  /** Tasks, that is threads. */
  readonly tasks: number | undefined;
}

/** What to read of a cgroup: each file costs a microsecond or two, times hundreds of cgroups. */
export interface Wanted {
  readonly parts: ReadonlySet<StatsPart>;
  /** Files of these parts to do without: what is in them is undefined then. */
  readonly without: ReadonlySet<string>;
}

const nothing: ReadonlySet<string> = new Set();

/** What stands in cgroup.events once it has been so: what was counted of its processes stays true without them. */
const populated = bytesOf('populated 1\n');

/** The readers of one daemon: only so many hold descriptors, the others open and close theirs at each read. */
export class StatsReaders {
  readonly #layout: Layout;
  readonly #sides: StatsSides;
  readonly #limitSides: readonly Side<unknown>[];
  readonly #memoryBounds: (read: ReadBytes) => MemoryBounds;
  #free: number;

  constructor(layout: Layout, controllers: Controllers, bound: number) {
    this.#layout = layout;
    this.#sides = statsSides(layout, controllers);
    this.#limitSides = [
      sideOf<unknown>(layout, 'cpu', controllers.cpu),
      sideOf<unknown>(layout, 'memory', controllers.memory),
    ];
    this.#memoryBounds = this.#sides.memory === controllers.memory.v1 ? memoryBoundsV1 : memoryBoundsV2;
    this.#free = bound;
  }

  open(path: CgroupPath): StatsReader {
    if (this.#free === 0) return this.#passing(path);
    this.#free--;
    return this.#held(new HeldFiles(this.#layout, path), new MemberCount(this.#layout, path));
  }

  #passing(path: CgroupPath): StatsReader {
    const read = bytesReaderOf(this.#layout, path);
    return {
      read: (wanted) => this.#read(read, wanted),
      limits: (given) => this.#limits(read, given),
      bounds: () => this.#bounds(read),
      processes: () => membersOf(this.#layout, path).length,
      [Symbol.dispose]: () => undefined,
    };
  }

  #read(read: ReadBytes, wanted: Wanted | undefined): CgroupStats | undefined {
    if (wanted === undefined) return readStats(this.#sides, read);
    const { parts, without } = wanted;
    return readStats(this.#sides, (file) => (without.has(file) ? undefined : read(file)), parts);
  }

  #limits(read: ReadBytes, given: Resources | undefined): Limits {
    return readLimits(this.#limitSides, (file) => textOf(read(file)), given);
  }

  #bounds(read: ReadBytes): Bounds {
    const { limit, swapLimit } = this.#memoryBounds(read);
    return { limit, swapLimit, tasks: numberIn(read('pids.max')) };
  }

  #held(files: HeldFiles, members: MemberCount): StatsReader {
    let open = true;
    let wasPopulated = false;
    let without: ReadonlySet<string> = nothing;
    const close = () => {
      if (!open) return;
      open = false;
      this.#free++;
      files[Symbol.dispose]();
      members[Symbol.dispose]();
    };
    // One for all reads: made anew for each it would be garbage, hundreds of times a call.
    const known: ReadBytes = (file) => {
      if (without.has(file)) return undefined;
      return wasPopulated && file === 'cgroup.events' ? populated : files.read(file);
    };
    const read = (wanted?: Wanted) => {
      without = wanted?.without ?? nothing;
      const stats = open ? readStats(this.#sides, known, wanted?.parts) : undefined;
      if (stats === undefined || files.removed) {
        close();
        return undefined;
      }
      wasPopulated ||= stats.pressure !== undefined;
      return stats;
    };
    return {
      read,
      limits: (given) => (open ? this.#limits(files.read, given) : {}),
      bounds: () => (open ? this.#bounds(files.read) : { limit: undefined, swapLimit: undefined, tasks: undefined }),
      processes: () => (open ? members.count() : 0),
      [Symbol.dispose]: close,
    };
  }
}
