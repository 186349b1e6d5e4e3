import { chownSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Where the kernel's own file systems are mounted in every container. */
const names = ['dev', 'proc', 'sys'];

/**
 * Makes /dev, /proc and /sys of a mounted root file system real directories. An image may have links there, which
 * runc and crun follow when they mount and write: out of the container, to the host (CVE-2019-16884, CVE-2025-52881).
 * What an image has in their place is hidden by the mounts anyway. Waits for the disk.
 */
export function makeKernelDirectories(root: string, owner = { uid: 0, gid: 0 }): void {
  for (const name of names) {
    const path = join(root, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory() === true) continue;
    if (found !== undefined) rmSync(path);
    mkdirSync(path, { mode: 0o755 });
    chownSync(path, owner.uid, owner.gid);
  }
}
