import { labelled, plain } from '../../../../metrics/family.ts';
import type { Family } from '../../../../metrics/family.ts';
import type { MemoryStats } from '../../../cgroups/controllers/memory-stats.ts';
import { memoryOf } from './figures.ts';
import type { ContainerFigures } from './figures.ts';

type F = Family<ContainerFigures>;
type Key = { [K in keyof MemoryStats]: MemoryStats[K] extends number | undefined ? K : never }[keyof MemoryStats];

const of = (type: 'counter' | 'gauge') => (name: string, help: string, key: Key) =>
  plain<ContainerFigures>({ name: `container_memory_${name}`, help, type }, (f) => memoryOf(f)?.[key]);
const gauge = of('gauge');
const counter = of('counter');

export const memoryFamilies: readonly F[] = [
  gauge('usage_bytes', 'Memory in use, page cache included.', 'usage'),
  gauge('working_set_bytes', 'Memory in use less inactive file pages: what the kubelet evicts by.', 'workingSet'),
  gauge('rss', 'Anonymous memory, in bytes.', 'rss'),
  gauge('cache', 'Page cache, in bytes.', 'cache'),
  gauge('mapped_file', 'Page cache that is mapped by some process, in bytes.', 'mappedFile'),
  gauge('swap', 'Swap in use, in bytes.', 'swap'),
  gauge('kernel_usage', 'Kernel memory in use, in bytes.', 'kernel'),
  gauge('max_usage_bytes', 'Most memory that was ever in use (cgroup v2: since Linux 5.19).', 'peak'),
  counter('failcnt', 'Times that memory ran into its limit (cgroup v2: the max of memory.events).', 'failcnt'),
  labelled(
    {
      name: 'container_memory_failures_total',
      help: 'Page faults; cgroup v2 counts hierarchies only.',
      type: 'counter',
    },
    ['failure_type', 'scope'],
    (f) => faults(memoryOf(f)),
  ),
];

/** Beyond what is listed over CRI. */
export const moreMemoryFamilies: readonly F[] = [
  gauge('total_active_file_bytes', 'Page cache used lately.', 'activeFile'),
  gauge('total_inactive_file_bytes', 'Page cache not used lately.', 'inactiveFile'),
  gauge('file_dirty_bytes', 'Page cache to be written.', 'fileDirty'),
  gauge('file_writeback_bytes', 'Page cache that is being written.', 'fileWriteback'),
  counter('events_high_total', 'Times that memory.high held it back (cgroup v2).', 'highEvents'),
  plain(
    {
      name: 'container_memory_events_max_total',
      help: 'Times that memory ran into its limit (cgroup v2).',
      type: 'counter',
    },
    (f) => (f.look.more?.version === 'v2' ? memoryOf(f)?.failcnt : undefined),
  ),
  counter('pgscan_total', 'Pages looked at for reclaim (cgroup v2).', 'pagesScanned'),
  counter('pgsteal_total', 'Pages reclaimed (cgroup v2).', 'pagesReclaimed'),
  counter('workingset_refault_file_total', 'Pages of files read again soon after reclaim.', 'refaultsFile'),
  counter('workingset_refault_anon_total', 'Anonymous pages swapped in soon after reclaim.', 'refaultsAnon'),
];

function faults(memory: MemoryStats | undefined) {
  if (memory === undefined) return [];
  const rows: readonly (readonly [string, string, number])[] = [
    ['pgfault', 'container', memory.ownPageFaults],
    ['pgfault', 'hierarchy', memory.pageFaults],
    ['pgmajfault', 'container', memory.ownMajorPageFaults],
    ['pgmajfault', 'hierarchy', memory.majorPageFaults],
  ];
  return rows.map(([type, scope, value]) => ({ labels: [type, scope], value }));
}
