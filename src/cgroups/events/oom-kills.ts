import { directoryTree } from '../files.ts';
import { directoryIn, readerOf } from '../group.ts';
import type { ReadFile } from '../group.ts';
import { parseKeyed } from '../controllers/text.ts';
import type { Layout } from '../layout.ts';
import type { CgroupPath } from '../path.ts';

/**
 * OOM kills as the cgroup's own file counts them. v1 memory.oom_control counts those of this cgroup alone (Linux 4.13),
 * v2 memory.events those of the whole subtree. Undefined: no memory controller, or the cgroup is gone.
 */
export function oomKillsOf(layout: Layout, read: ReadFile): bigint | undefined {
  const v1 = layout.homes.get('memory')?.version === 'v1';
  const text = read(v1 ? 'memory.oom_control' : 'memory.events');
  return text === undefined ? undefined : parseKeyed(text)('oom_kill');
}

/**
 * OOM kills in the cgroup and all below it. Where the kernel counts each cgroup alone (v1, or v2 mounted with
 * memory_localevents) the living ones are summed up: what a removed one counted is lost, so read before you remove.
 */
export function subtreeOomKills(layout: Layout, path: CgroupPath): bigint | undefined {
  const home = layout.homes.get('memory');
  if (home === undefined) return undefined;
  const own = oomKillsOf(layout, readerOf(layout, path));
  if (own === undefined || (home.version === 'v2' && !layout.localEvents)) return own;
  let sum = 0n;
  for (const directory of directoryTree(directoryIn(home, path))) {
    const group = directory.slice(home.dir.length) as CgroupPath;
    sum += oomKillsOf(layout, readerOf(layout, group)) ?? 0n;
  }
  return sum;
}

/** OOM kills in the cgroup and all below it, those that are gone too. Undefined: the kernel does not count them so. */
export function countedBelow(layout: Layout, path: CgroupPath): bigint | undefined {
  const whole = layout.homes.get('memory')?.version === 'v2' && !layout.localEvents;
  return whole ? oomKillsOf(layout, readerOf(layout, path)) : undefined;
}

/** OOM kills of processes in this very cgroup, none below: v2 memory.events.local (Linux 5.2). */
export function localOomKills(layout: Layout, path: CgroupPath): bigint | undefined {
  const read = readerOf(layout, path);
  if (layout.homes.get('memory')?.version === 'v1') return oomKillsOf(layout, read);
  const text = read('memory.events.local');
  return text === undefined ? undefined : parseKeyed(text)('oom_kill');
}

/**
 * OOM kills by cgroup, named by its path below the given one (`''` is itself): each counted alone, those without any left
 * out. Where the kernel counts whole subtrees, all are told of `''`, removed ones too. Undefined: it is gone.
 */
export function oomKillsByCgroup(layout: Layout, path: CgroupPath): ReadonlyMap<string, bigint> | undefined {
  const home = layout.homes.get('memory');
  if (home === undefined) return undefined;
  const own = oomKillsOf(layout, readerOf(layout, path));
  if (own === undefined) return undefined;
  const found = new Map([['', own]]);
  if (home.version === 'v2' && !layout.localEvents) return found;
  const top = directoryIn(home, path);
  for (const directory of directoryTree(top)) {
    const group = directory.slice(home.dir.length) as CgroupPath;
    const kills = directory === top ? undefined : oomKillsOf(layout, readerOf(layout, group));
    if (kills !== undefined && kills > 0n) found.set(directory.slice(top.length), kills);
  }
  return found;
}
