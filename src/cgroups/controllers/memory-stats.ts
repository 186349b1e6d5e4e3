import type { ReadFile } from '../group.ts';
import { parseKeyed, parseNumber } from './text.ts';

/** Bytes, unless named otherwise; of the cgroup and all below it. Undefined: no such number here, or it was not read. */
export interface MemoryStats {
  readonly usage: bigint;
  /** Usage less inactive file pages, not below 0: the rule by which the kubelet evicts. */
  readonly workingSet: bigint;
  readonly rss: bigint;
  readonly cache: bigint;
  readonly mappedFile: bigint;
  readonly activeFile: bigint;
  readonly inactiveFile: bigint;
  readonly fileDirty: bigint;
  readonly fileWriteback: bigint;
  /** Kernel memory: slab, stacks, page tables. */
  readonly kernel: bigint | undefined;
  readonly pageFaults: bigint;
  readonly majorPageFaults: bigint;
  /** Of this cgroup without those below it; v2 does not tell them apart. */
  readonly ownPageFaults: bigint;
  readonly ownMajorPageFaults: bigint;
  /** Undefined: no limit. */
  readonly limit: bigint | undefined;
  /** Undefined before Linux 5.19 on v2. */
  readonly peak: bigint | undefined;
  /** Times usage ran into a limit: v1 memory.failcnt and memory.memsw.failcnt, v2 memory.events max. */
  readonly failcnt: bigint | undefined;
  readonly swap: bigint;
  /** Of swap alone. Undefined: no limit, or the host accounts no swap. */
  readonly swapLimit: bigint | undefined;
  readonly refaultsFile: bigint | undefined;
  readonly refaultsAnon: bigint | undefined;
  /** v2 only, like the next two. Times throttled by memory.high. */
  readonly highEvents: bigint | undefined;
  readonly pagesScanned: bigint | undefined;
  readonly pagesReclaimed: bigint | undefined;
}

/** "No limit" reads back as LONG_MAX rounded down to a page, whose size differs: nothing real comes near. */
const unlimited = 1n << 62n;

/** A v1 limit file; undefined for no limit and no file. */
export function v1Limit(text: string | undefined): bigint | undefined {
  const value = parseNumber(text);
  return value === undefined || value >= unlimited ? undefined : value;
}

/** memory.stat's plain keys are of this cgroup alone, the `total_` ones of its subtree, as usage_in_bytes is. */
export function memoryStatsV1(read: ReadFile): MemoryStats | undefined {
  const usage = parseNumber(read('memory.usage_in_bytes'));
  const text = read('memory.stat');
  if (usage === undefined || text === undefined) return undefined;
  const stat = parseKeyed(text);
  const total = (key: string): bigint => stat(`total_${key}`) ?? stat(key) ?? 0n;
  const limit = v1Limit(read('memory.limit_in_bytes'));
  const both = v1Limit(read('memory.memsw.limit_in_bytes'));
  return {
    ...workingSet(usage, total('inactive_file')),
    rss: total('rss'),
    cache: total('cache'),
    mappedFile: total('mapped_file'),
    activeFile: total('active_file'),
    fileDirty: total('dirty'),
    fileWriteback: total('writeback'),
    kernel: parseNumber(read('memory.kmem.usage_in_bytes')),
    pageFaults: total('pgfault'),
    majorPageFaults: total('pgmajfault'),
    ownPageFaults: stat('pgfault') ?? 0n,
    ownMajorPageFaults: stat('pgmajfault') ?? 0n,
    limit,
    peak: parseNumber(read('memory.max_usage_in_bytes')),
    // memory+swap is charged first: with equal limits only its counter fails, and newer kernels (6.18) keep that at 0.
    failcnt: sum(parseNumber(read('memory.failcnt')), parseNumber(read('memory.memsw.failcnt'))),
    swap: total('swap'),
    swapLimit: both === undefined || limit === undefined ? undefined : both - limit,
    refaultsFile: stat('total_workingset_refault_file'),
    refaultsAnon: stat('total_workingset_refault_anon'),
    highEvents: undefined,
    pagesScanned: undefined,
    pagesReclaimed: undefined,
  };
}

export function memoryStatsV2(read: ReadFile): MemoryStats | undefined {
  const usage = parseNumber(read('memory.current'));
  const text = read('memory.stat');
  if (usage === undefined || text === undefined) return undefined;
  const stat = parseKeyed(text);
  const events = parseKeyed(read('memory.events') ?? '');
  return {
    ...workingSet(usage, stat('inactive_file') ?? 0n),
    rss: stat('anon') ?? 0n,
    cache: stat('file') ?? 0n,
    mappedFile: stat('file_mapped') ?? 0n,
    activeFile: stat('active_file') ?? 0n,
    fileDirty: stat('file_dirty') ?? 0n,
    fileWriteback: stat('file_writeback') ?? 0n,
    // The sum came with Linux 5.18; before, its parts.
    kernel: stat('kernel') ?? (stat('kernel_stack') ?? 0n) + (stat('pagetables') ?? 0n) + (stat('slab') ?? 0n),
    pageFaults: stat('pgfault') ?? 0n,
    majorPageFaults: stat('pgmajfault') ?? 0n,
    ownPageFaults: stat('pgfault') ?? 0n,
    ownMajorPageFaults: stat('pgmajfault') ?? 0n,
    limit: parseNumber(read('memory.max')),
    peak: parseNumber(read('memory.peak')),
    failcnt: events('max'),
    swap: parseNumber(read('memory.swap.current')) ?? 0n,
    swapLimit: parseNumber(read('memory.swap.max')),
    refaultsFile: stat('workingset_refault_file'),
    refaultsAnon: stat('workingset_refault_anon'),
    highEvents: events('high'),
    pagesScanned: stat('pgscan'),
    pagesReclaimed: stat('pgsteal'),
  };
}

const sum = (a: bigint | undefined, b: bigint | undefined) => (a === undefined ? b : a + (b ?? 0n));

function workingSet(usage: bigint, inactiveFile: bigint) {
  return { usage, inactiveFile, workingSet: usage > inactiveFile ? usage - inactiveFile : 0n };
}
