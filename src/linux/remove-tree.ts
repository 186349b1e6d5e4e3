import { readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf, fail } from '../base/errors.ts';
import { closeFd, openBelow, openDirectory, removeDirectoryAt, renameAt, unlinkAt } from './fs-at.ts';

/** Levels held open at once; what lies deeper is moved up, so that no depth takes more. */
const depthMax = 64;

interface Walk {
  readonly path: string;
  /** Of the tree's own directory. */
  readonly top: number;
  /** Directories that were moved up. */
  moved: number;
}

/**
 * Removes a directory with all that is in it, or a file; absent is fine. Any depth, any names. It never goes into what
 * is mounted below: a user's volume that was left there would lose its data. Errors: `failed_precondition` naming the
 * mount point, with what was met before it gone.
 */
export function removeTree(path: string): void {
  const above = directoryOrNone(dirname(path));
  if (above === undefined) return;
  try {
    const name = Buffer.from(basename(path)).toString('latin1');
    const top = openChild(above, name, path);
    if (top === undefined) {
      rmSync(path, { force: true });
      return;
    }
    try {
      const walk: Walk = { path, top, moved: 0 };
      for (let before = -1; before !== walk.moved;) {
        before = walk.moved;
        empty(walk, top, { path, depth: 1 });
      }
    } finally {
      closeFd(top);
    }
    removeDirectory(above, name, path);
  } finally {
    closeFd(above);
  }
}

function empty(walk: Walk, directory: number, at: { readonly path: string; readonly depth: number }): void {
  for (const entry of readdirSync(`/proc/self/fd/${directory}`, { encoding: 'latin1', withFileTypes: true })) {
    const { name } = entry;
    const path = join(at.path, name);
    if (!entry.isDirectory()) unlinkAt(directory, name);
    else if (at.depth < depthMax) {
      const child = openChild(directory, name, path);
      if (child === undefined) continue;
      try {
        empty(walk, child, { path, depth: at.depth + 1 });
      } finally {
        closeFd(child);
      }
      removeDirectory(directory, name, path);
    } else {
      renameAt(directory, name, walk.top, `.cricket-removed-${walk.moved}`);
      walk.moved += 1;
    }
  }
}

function directoryOrNone(path: string): number | undefined {
  try {
    return openDirectory(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function openChild(directory: number, name: string, path: string): number | undefined {
  try {
    return openBelow(directory, name);
  } catch (error) {
    throw errnoOf(error) === 'EXDEV' ? mountedThere(path, error) : error;
  }
}

function removeDirectory(directory: number, name: string, path: string): void {
  try {
    removeDirectoryAt(directory, name);
  } catch (error) {
    throw errnoOf(error) === 'EBUSY' ? mountedThere(path, error) : error;
  }
}

const mountedThere = (path: string, cause: unknown) =>
  fail('failed_precondition', `${path} is not removed: something is mounted there; unmount it`, cause);
