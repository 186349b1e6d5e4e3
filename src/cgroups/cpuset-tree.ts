import type { PathWrite, Write } from './controllers/controller.ts';
import { subdirectories } from './files.ts';
import { directoryIn, readerOf } from './group.ts';
import type { Layout } from './layout.ts';
import type { CgroupPath } from './path.ts';

/**
 * A v1 cpuset cannot shrink below its children, and exec cgroups carry a copy of their container's: they move along.
 * The cgroup is widened to old and new together, then the copies, then the cgroup get the new value. A child with a
 * list of its own is left alone; if it does not fit, the kernel refuses and everything is put back.
 */
export function withCopiedCpusets(layout: Layout, path: CgroupPath, writes: readonly Write[]): readonly PathWrite[] {
  return writes.flatMap((write) => {
    const own = { ...write, path };
    const home = layout.homes.get('cpuset');
    if (!/^cpuset\.(cpus|mems)$/.test(write.file) || home?.version !== 'v1') return [own];
    const before = readerOf(layout, path)(write.file)?.trim();
    const copies = subdirectories(directoryIn(home, path))
      .map((name) => `${path}/${name}` as CgroupPath)
      .filter((child) => readerOf(layout, child)(write.file)?.trim() === before);
    if (before === undefined || before === '' || copies.length === 0) return [own];
    const widened = { ...own, value: `${before},${write.value}` };
    return [widened, ...copies.map((child) => ({ ...write, path: child })), own];
  });
}
