import { readFileSync, readdirSync } from 'node:fs';
import { writeText } from './files.ts';
import { filePath } from './group.ts';
import type { Layout } from './layout.ts';
import type { CgroupPath } from './path.ts';

/** Disks that are memory or files of other disks. */
const noDisk = /^(loop|ram|zram)\d/;
const rule = 'blkio.throttle.read_bps_device';

/**
 * Has the kernel count I/O by cgroup where it would not: in v1 the throttling layer counts, which Linux 6.10 and newer
 * set up for a disk only when that gets a first rule, in whatever cgroup. A rule of 0 is none, and enough. May wait for
 * I/O in flight: not for the main thread. v2 counts by itself.
 */
export function startIoAccounting(layout: Layout, path: CgroupPath): void {
  const file = layout.homes.get('blkio')?.version === 'v1' ? filePath(layout, path, rule) : undefined;
  if (file === undefined) return;
  for (const disk of readdirSync('/sys/block').filter((name) => !noDisk.test(name))) {
    try {
      writeText(file, `${readFileSync(`/sys/block/${disk}/dev`, 'latin1').trim()} 0`);
    } catch {
      // A disk that went, or a kernel without throttling: its I/O is not counted.
    }
  }
}
