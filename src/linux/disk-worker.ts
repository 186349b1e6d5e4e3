import {
  chownSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  statfsSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { copyTree } from './copy-tree.ts';
import { pathInRoot } from './fs-at.ts';
import { makeKernelDirectories } from './kernel-directories.ts';
import { makeDirectories } from './make-directories.ts';
import { mountOf, readMounts } from './mountinfo.ts';
import { unmount } from './mount.ts';
import { mountOverlay } from './overlay.ts';
import { overlayChanges } from './overlay-changes.ts';
import type { OverlayChange, OverlayLayers } from './overlay-changes.ts';
import { relabel } from './relabel.ts';
import { readProcessFacts } from './process-facts.ts';
import type { ProcessFacts } from './process-facts.ts';
import type { Overlay } from './overlay.ts';
import type { IdmappedMount } from './idmapped-mount.ts';
import { removeTree } from './remove-tree.ts';
import { canShift, mountShifted, mountShiftedOverlay } from './shifted.ts';
import type { Shift, StagedShift } from './shifted.ts';
import { serveTasks } from './worker/serve.ts';

/** What a mount has to know of its source. */
export interface MountSource {
  /** Whether mounts made below it inside a container can show on the host. */
  readonly shared: boolean;
  /** Else it has nothing below it. */
  readonly directory: boolean;
}

export interface LayerMount extends Overlay {
  /** Directories below the layers that are of no image. */
  readonly bottom?: readonly string[];
  /** For containers in user namespaces. */
  readonly shift?: StagedShift | undefined;
}

export interface BindFacts {
  /** Of the mount that the path is on: `ro`, `nosuid`. */
  readonly options: readonly string[];
  /** What is mounted below it: `/sub`. */
  readonly below: readonly string[];
}

interface Seed {
  readonly root: string;
  readonly path: string;
  readonly to: string;
  /** Whose an empty directory is. */
  readonly owner: Shift['root'];
}

export interface TreeSize {
  readonly bytes: number;
  readonly inodes: number;
  readonly milliseconds: number;
}

export interface FileSystemFacts {
  /** The source of its mount: `/dev/vda1`. */
  readonly device: string;
  readonly bytes: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

/** Everything here may wait for a disk, or for ever under a dead network file system. */
export const diskTasks = {
  /** A container's root file system, or with no `write` the content of an image for others to read. */
  mountLayers({ shift, ...overlay }: LayerMount): void {
    const { write, target } = overlay;
    const own = write === undefined ? [] : [write.upper, write.work];
    for (const path of [...own, target]) mkdirSync(path, { recursive: true, mode: 0o755 });
    // A crash can leave `volatile`'s mark, and the kernel then refuses the work directory.
    if (write !== undefined) rmSync(join(write.work, 'work'), { recursive: true, force: true });
    if (shift === undefined) mountOverlay({ ...overlay, lower: [...overlay.lower, ...(overlay.bottom ?? [])] });
    else mountShiftedOverlay(overlay, shift);
    if (write !== undefined) makeKernelDirectories(target, shift?.root);
  },
  /** Where a path leads if `root` is taken for `/`, as a path of the host. Undefined when nothing is there. */
  pathInRoot(where: { readonly root: string; readonly path: string }): string | undefined {
    return pathInRoot(where.root, where.path);
  },
  /** Makes the directory `to`, with what the directory `path` of a root file system holds; without one empty, 0755. */
  seedDirectory(seed: Seed): void {
    const from = pathInRoot(seed.root, seed.path);
    makeDirectories(dirname(seed.to), 0o755);
    if (from !== undefined && statSync(from).isDirectory()) copyTree(from, seed.to);
    else {
      mkdirSync(seed.to, { mode: 0o755 });
      chownSync(seed.to, seed.owner.uid, seed.owner.gid);
    }
  },
  /** A path that a user named, with the owners that a user namespace makes of them. */
  mountShifted(mount: IdmappedMount & Pick<Shift, 'userNamespace'>): void {
    mountShifted(mount, mount);
  },
  canShift({ directory, userNamespace }: { readonly directory: string; readonly userNamespace: string }): boolean {
    return canShift(directory, userNamespace);
  },
  /** Takes the mounts off everything in a directory, and the directory away. Absent is fine. */
  unmountWithin(directory: string): void {
    for (const name of listQuietly(directory)) while (unmount(join(directory, name)));
    removeTree(directory);
  },
  /** Takes every mount off the path, then the directory tree away. Absent is fine. */
  unmountAndRemove(path: string): void {
    while (unmount(path));
    removeTree(path);
  },
  unmountAll(path: string): void {
    while (unmount(path));
  },
  removeTree(path: string): void {
    removeTree(path);
  },
  /** Looks at a path that a user named; a missing one is made a directory (root, 0755). */
  mountSource(path: string): MountSource {
    makeDirectories(path, 0o755);
    const real = realpathSync(path);
    return { shared: mountOf(real, readMounts())?.shared ?? false, directory: statSync(real).isDirectory() };
  },
  /** What a bind of each path brings along. */
  surveyBinds(paths: readonly string[]): readonly BindFacts[] {
    const all = readMounts();
    return paths.map((path) => {
      const real = realpathSync(path);
      const below = all.flatMap(({ target }) => (target.startsWith(`${real}/`) ? [target.slice(real.length)] : []));
      return { options: mountOf(real, all)?.options ?? [], below: [...new Set(below)] };
    });
  },
  /** See relabel; answers how many files had another label. */
  relabel({ path, label }: { readonly path: string; readonly label: string }): number {
    return relabel(path, label);
  },
  /** Makes an empty file, with what is missing above it, or leaves the one that is there. */
  ensureFile(file: { readonly path: string; readonly mode: number }): void {
    makeDirectories(dirname(file.path), 0o755);
    const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
    // A fifo would wait for its reader.
    closeSync(openSync(file.path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, file.mode));
  },
  /**
   * Processes with this very argument on their command line, and another that begins with the path `within`. Reading
   * another's command line may wait for its memory.
   */
  processesNaming(wanted: { readonly argument: string; readonly within: string }): readonly number[] {
    const names = (words: readonly string[]) =>
      words.includes(wanted.argument) && words.some((word) => word.startsWith(wanted.within));
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && names(argumentsOf(name)))
      .map(Number);
  },
  processFacts(pids: readonly number[]): readonly ProcessFacts[] {
    return readProcessFacts(pids);
  },
  /** Bytes allocated and inodes below each directory, on its own file system; and how long that took. */
  treeSizes(paths: readonly string[]): readonly TreeSize[] {
    return paths.map((path) => {
      const begun = performance.now();
      return { ...usageBelow(path), milliseconds: performance.now() - begun };
    });
  },
  /** What a container did to its image. See overlayChanges. */
  overlayChanges(layers: OverlayLayers): readonly OverlayChange[] {
    return overlayChanges(layers);
  },
  fileSystem(path: string): FileSystemFacts {
    const { blocks, bsize, files, ffree } = statfsSync(path);
    const device = mountOf(realpathSync(path), readMounts())?.source ?? '';
    return { device, bytes: blocks * bsize, inodes: files, inodesFree: ffree };
  },
};
export type DiskTasks = typeof diskTasks;

serveTasks(diskTasks);

/** A file with several names counts once, as du(1) has it. */
function usageBelow(path: string): { bytes: number; inodes: number } {
  const total = { bytes: 0, inodes: 0 };
  const linked = new Set<number>();
  const line = [path];
  for (let directory = line.pop(); directory !== undefined; directory = line.pop()) {
    for (const entry of listQuietly(directory)) {
      const full = join(directory, entry);
      const stat = lstatSync(full, { throwIfNoEntry: false });
      if (stat === undefined || linked.has(stat.ino)) continue;
      if (stat.nlink > 1 && !stat.isDirectory()) linked.add(stat.ino);
      total.bytes += stat.blocks * 512;
      total.inodes += 1;
      if (stat.isDirectory()) line.push(full);
    }
  }
  return total;
}

function listQuietly(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function argumentsOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
