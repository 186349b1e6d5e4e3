import { KeyedFile, key, numberIn, textOf } from '../file-bytes.ts';
import type { FileBytes, Key, ReadBytes } from '../file-bytes.ts';
import { parseNumber } from './text.ts';

/** Bytes, unless named otherwise; of the cgroup and all below it. Undefined: no such number here, or it was not read. */
export interface MemoryStats {
  readonly usage: number;
  /** Usage less inactive file pages, not below 0: the rule by which the kubelet evicts. */
  readonly workingSet: number;
  readonly rss: number;
  readonly cache: number;
  readonly mappedFile: number;
  readonly activeFile: number;
  readonly inactiveFile: number;
  readonly fileDirty: number;
  readonly fileWriteback: number;
  /** Kernel memory: slab, stacks, page tables. */
  readonly kernel: number | undefined;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
  /** Of this cgroup without those below it; v2 does not tell them apart. */
  readonly ownPageFaults: number;
  readonly ownMajorPageFaults: number;
  /** Undefined: no limit. */
  readonly limit: number | undefined;
  /** Undefined before Linux 5.19 on v2. */
  readonly peak: number | undefined;
  /** Times usage ran into a limit: v1 memory.failcnt and memory.memsw.failcnt, v2 memory.events max. */
  readonly failcnt: number | undefined;
  readonly swap: number;
  /** Of swap alone. Undefined: no limit, or the host accounts no swap. */
  readonly swapLimit: number | undefined;
  readonly refaultsFile: number | undefined;
  readonly refaultsAnon: number | undefined;
  /** v2 only, like the next two. Times throttled by memory.high. */
  readonly highEvents: number | undefined;
  readonly pagesScanned: number | undefined;
  readonly pagesReclaimed: number | undefined;
}

/** "No limit" reads back as LONG_MAX rounded down to a page, whose size differs: nothing real comes near. */
const unlimited = 1n << 62n;

/** A v1 limit file; undefined for no limit and no file. */
export function v1Limit(text: string | undefined): bigint | undefined {
  const value = parseNumber(text);
  return value === undefined || value >= unlimited ? undefined : value;
}

/** Limits of memory, and of swap alone. Undefined: no limit, or the host accounts no swap. */
export type MemoryBounds = Pick<MemoryStats, 'limit' | 'swapLimit'>;

export function memoryBoundsV1(read: ReadBytes): MemoryBounds {
  const limit = boundV1(read('memory.limit_in_bytes'));
  const both = boundV1(read('memory.memsw.limit_in_bytes'));
  return { limit, swapLimit: both === undefined || limit === undefined ? undefined : both - limit };
}

export function memoryBoundsV2(read: ReadBytes): MemoryBounds {
  return { limit: numberIn(read('memory.max')), swapLimit: numberIn(read('memory.swap.max')) };
}

function boundV1(file: FileBytes | undefined): number | undefined {
  const value = v1Limit(textOf(file));
  return value === undefined ? undefined : Number(value);
}

/** Of v1, in the order of its memory.stat; of the subtree, and of the cgroup alone. */
const v1Keys = {
  pageFaults: key('pgfault'),
  majorPageFaults: key('pgmajfault'),
  refaultsAnon: key('total_workingset_refault_anon'),
  refaultsFile: key('total_workingset_refault_file'),
};

/** A key whose `total_` is of the subtree; without hierarchies there is none, and the plain one says it all. */
const totalKey = (name: string) => ({ total: key(`total_${name}`), own: key(name) });
const v1Totals = {
  cache: totalKey('cache'),
  rss: totalKey('rss'),
  mappedFile: totalKey('mapped_file'),
  dirty: totalKey('dirty'),
  writeback: totalKey('writeback'),
  swap: totalKey('swap'),
  pageFaults: totalKey('pgfault'),
  majorPageFaults: totalKey('pgmajfault'),
  inactiveFile: totalKey('inactive_file'),
  activeFile: totalKey('active_file'),
};

/** memory.stat's plain keys are of this cgroup alone, the `total_` ones of its subtree, as usage_in_bytes is. */
export function memoryStatsV1(read: ReadBytes): MemoryStats | undefined {
  const usage = numberIn(read('memory.usage_in_bytes'));
  const file = usage === undefined ? undefined : read('memory.stat');
  if (usage === undefined || file === undefined) return undefined;
  const stat = new KeyedFile(file);
  const total = ({ total: sum, own }: { readonly total: Key; readonly own: Key }) => stat.of(sum) ?? stat.of(own) ?? 0;
  const ownPageFaults = stat.of(v1Keys.pageFaults) ?? 0;
  const ownMajorPageFaults = stat.of(v1Keys.majorPageFaults) ?? 0;
  const cache = total(v1Totals.cache);
  const rss = total(v1Totals.rss);
  const mappedFile = total(v1Totals.mappedFile);
  const fileDirty = total(v1Totals.dirty);
  const fileWriteback = total(v1Totals.writeback);
  const refaultsAnon = stat.of(v1Keys.refaultsAnon);
  const refaultsFile = stat.of(v1Keys.refaultsFile);
  const swap = total(v1Totals.swap);
  const pageFaults = total(v1Totals.pageFaults);
  const majorPageFaults = total(v1Totals.majorPageFaults);
  const inactiveFile = total(v1Totals.inactiveFile);
  const activeFile = total(v1Totals.activeFile);
  const { limit, swapLimit } = memoryBoundsV1(read);
  return {
    usage,
    inactiveFile,
    workingSet: Math.max(0, usage - inactiveFile),
    rss,
    cache,
    mappedFile,
    activeFile,
    fileDirty,
    fileWriteback,
    kernel: numberIn(read('memory.kmem.usage_in_bytes')),
    pageFaults,
    majorPageFaults,
    ownPageFaults,
    ownMajorPageFaults,
    limit,
    swapLimit,
    peak: numberIn(read('memory.max_usage_in_bytes')),
    // memory+swap is charged first: with equal limits only its counter fails, and newer kernels (6.18) keep that at 0.
    failcnt: sum(numberIn(read('memory.failcnt')), numberIn(read('memory.memsw.failcnt'))),
    swap,
    refaultsFile,
    refaultsAnon,
    highEvents: undefined,
    pagesScanned: undefined,
    pagesReclaimed: undefined,
  };
}

/** In the order of memory.stat. */
const v2Keys = {
  anon: key('anon'),
  file: key('file'),
  kernel: key('kernel'),
  kernelStack: key('kernel_stack'),
  pageTables: key('pagetables'),
  fileMapped: key('file_mapped'),
  fileDirty: key('file_dirty'),
  fileWriteback: key('file_writeback'),
  inactiveFile: key('inactive_file'),
  activeFile: key('active_file'),
  slab: key('slab'),
  refaultsAnon: key('workingset_refault_anon'),
  refaultsFile: key('workingset_refault_file'),
  pagesScanned: key('pgscan'),
  pagesReclaimed: key('pgsteal'),
  pageFaults: key('pgfault'),
  majorPageFaults: key('pgmajfault'),
  high: key('high'),
  max: key('max'),
};

export function memoryStatsV2(read: ReadBytes): MemoryStats | undefined {
  const usage = numberIn(read('memory.current'));
  const file = usage === undefined ? undefined : read('memory.stat');
  if (usage === undefined || file === undefined) return undefined;
  const stat = new KeyedFile(file);
  const of = (wanted: Key) => stat.of(wanted) ?? 0;
  const rss = of(v2Keys.anon);
  const cache = of(v2Keys.file);
  // The sum came with Linux 5.18; before, its parts.
  const kernel = stat.of(v2Keys.kernel) ?? of(v2Keys.kernelStack) + of(v2Keys.pageTables) + of(v2Keys.slab);
  const mappedFile = of(v2Keys.fileMapped);
  const fileDirty = of(v2Keys.fileDirty);
  const fileWriteback = of(v2Keys.fileWriteback);
  const inactiveFile = of(v2Keys.inactiveFile);
  const activeFile = of(v2Keys.activeFile);
  const refaultsAnon = stat.of(v2Keys.refaultsAnon);
  const refaultsFile = stat.of(v2Keys.refaultsFile);
  const pagesScanned = stat.of(v2Keys.pagesScanned);
  const pagesReclaimed = stat.of(v2Keys.pagesReclaimed);
  const pageFaults = of(v2Keys.pageFaults);
  const majorPageFaults = of(v2Keys.majorPageFaults);
  const { limit, swapLimit } = memoryBoundsV2(read);
  const { failcnt, highEvents } = eventsOf(read('memory.events'));
  return {
    usage,
    inactiveFile,
    workingSet: Math.max(0, usage - inactiveFile),
    rss,
    cache,
    mappedFile,
    activeFile,
    fileDirty,
    fileWriteback,
    kernel,
    pageFaults,
    majorPageFaults,
    ownPageFaults: pageFaults,
    ownMajorPageFaults: majorPageFaults,
    limit,
    swapLimit,
    peak: numberIn(read('memory.peak')),
    failcnt,
    swap: numberIn(read('memory.swap.current')) ?? 0,
    refaultsFile,
    refaultsAnon,
    highEvents,
    pagesScanned,
    pagesReclaimed,
  };
}

function eventsOf(file: FileBytes | undefined): Pick<MemoryStats, 'failcnt' | 'highEvents'> {
  if (file === undefined) return { failcnt: undefined, highEvents: undefined };
  const events = new KeyedFile(file);
  return { highEvents: events.of(v2Keys.high), failcnt: events.of(v2Keys.max) };
}

const sum = (a: number | undefined, b: number | undefined) => (a === undefined ? b : a + (b ?? 0));
