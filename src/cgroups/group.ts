import type { ReadBytes } from './file-bytes.ts';
import { isDirectory, readFile, readText } from './files.ts';
import type { Hierarchy, Layout } from './layout.ts';
import type { CgroupPath } from './path.ts';

/** Reads a file of one cgroup by its bare name; undefined where file, controller or cgroup is absent. */
export type ReadFile = (file: string) => string | undefined;

/** Where a cgroup is in one hierarchy. */
export function directoryIn(hierarchy: Hierarchy, path: CgroupPath): string {
  return hierarchy.dir + path;
}

/**
 * The hierarchy a file belongs to, by its prefix: `memory.stat` is memory's. Pressure files, `cgroup.*` and on a pure
 * v2 machine all files are the v2 tree's: `cpu.stat` is there without the cpu controller too.
 */
export function homeOfFile(layout: Layout, file: string): Hierarchy | undefined {
  if (layout.version === 'v2' || file.endsWith('.pressure') || file.startsWith('cgroup.')) return layout.unified;
  return layout.homes.get(file.slice(0, file.indexOf('.')));
}

/** The full path of a cgroup's file, if some hierarchy here can have it. */
export function filePath(layout: Layout, path: CgroupPath, file: string): string | undefined {
  const home = homeOfFile(layout, file);
  return home === undefined ? undefined : `${directoryIn(home, path)}/${file}`;
}

/** Opens, reads and closes a file at each call: for reads now and then. */
export function readerOf(layout: Layout, path: CgroupPath): ReadFile {
  return (file) => {
    const full = filePath(layout, path, file);
    return full === undefined ? undefined : readText(full);
  };
}

/** The same, not made into text. */
export function bytesReaderOf(layout: Layout, path: CgroupPath): ReadBytes {
  return (file) => {
    const full = filePath(layout, path, file);
    return full === undefined ? undefined : readFile(full);
  };
}

/** In at least one hierarchy. */
export function groupExists(layout: Layout, path: CgroupPath): boolean {
  return layout.hierarchies.some((hierarchy) => isDirectory(directoryIn(hierarchy, path)));
}

/** The v1 hierarchies asked first for the members of a cgroup: those no process is likely to have left alone. */
const memberKeepers = ['pids', 'memory', 'devices', 'cpu', 'name=systemd'];

/** The hierarchy whose cgroup.procs names the members. */
export function memberHierarchy(layout: Layout): Hierarchy | undefined {
  if (layout.version === 'v2') return layout.unified;
  for (const name of memberKeepers) {
    const home = layout.homes.get(name);
    if (home !== undefined) return home;
  }
  return layout.hierarchies[0];
}
