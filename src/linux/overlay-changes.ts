import { lstatSync, readdirSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { closeFd, openDirectory, openFlags, openInRoot } from './fs-at.ts';
import { readXattr } from './fs-xattr.ts';

/** What a writable layer did to a path of the layers below it: added, changed or deleted it. */
export interface OverlayChange {
  readonly kind: 'A' | 'C' | 'D';
  /** Absolute in the container. */
  readonly path: string;
}

export interface OverlayLayers {
  readonly upper: string;
  /** Top layer first. */
  readonly lower: readonly string[];
}

const opaque = 'trusted.overlay.opaque';

interface Place {
  /** Relative to the layers: '' or `/etc`, one character a byte. */
  readonly path: string;
  /** Directories of lower layers that are merged here. */
  readonly lower: readonly string[];
}

/**
 * What differs from the lower layers, by the upper directory alone (overlayfs.rst: whiteouts, opaque directories), in
 * the order of paths; a directory that anything below it was done to is changed. The container may write meanwhile, and
 * its links are not followed out of the directory.
 */
export function overlayChanges({ upper, lower }: OverlayLayers): readonly OverlayChange[] {
  const changes: [kind: OverlayChange['kind'], path: string][] = [];
  const root = openDirectory(upper);
  try {
    const line: Place[] = [{ path: '', lower }];
    for (let place = line.pop(); place !== undefined; place = line.pop()) {
      const found = lookAt(root, place);
      changes.push(...found.changes);
      line.push(...found.below);
    }
  } finally {
    closeFd(root);
  }
  return changes
    .map(([kind, path]) => ({ kind, path: Buffer.from(path, 'latin1').toString('utf8') }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

interface Look {
  readonly changes: [kind: OverlayChange['kind'], path: string][];
  readonly below: Place[];
}

function lookAt(root: number, { path, lower }: Place): Look {
  const { directory, noFollow } = openFlags;
  const look: Look = { changes: [], below: [] };
  const fd = openInRoot(root, `.${path}`, directory | noFollow);
  if (fd === undefined) return look;
  try {
    const here = `/proc/self/fd/${fd}`;
    const names = namesIn(here);
    const hidden = isOpaque(`${here}/.`);
    for (const name of names) {
      const stat = statOf(`${here}/${name}`);
      if (stat === undefined) continue;
      const at = `${path}/${name}`;
      const before = shown(lower, name);
      if (isWhiteout(stat)) {
        if (before.there) look.changes.push(['D', at]);
        continue;
      }
      look.changes.push([before.there ? 'C' : 'A', at]);
      if (stat.isDirectory()) look.below.push({ path: at, lower: before.directories });
    }
    if (!hidden) return look;
    const kept = new Set(names);
    const gone = new Set(lower.flatMap(namesIn).filter((name) => !kept.has(name) && shown(lower, name).there));
    for (const name of gone) look.changes.push(['D', `${path}/${name}`]);
    return look;
  } finally {
    closeFd(fd);
  }
}

/** What the merged lower layers have under a name, and the directories that would be merged below it. */
function shown(lower: readonly string[], name: string): { there: boolean; directories: readonly string[] } {
  const directories: string[] = [];
  for (const layer of lower) {
    const full = `${layer}/${name}`;
    const stat = statOf(full);
    if (stat === undefined) continue;
    if (!stat.isDirectory()) return { there: directories.length > 0 || !isWhiteout(stat), directories };
    directories.push(full);
    if (isOpaque(full)) break;
  }
  return { there: directories.length > 0, directories };
}

const isWhiteout = (stat: Stats): boolean => stat.isCharacterDevice() && stat.rdev === 0;
const isOpaque = (path: string): boolean => readXattr(Buffer.from(path, 'latin1'), opaque)?.toString() === 'y';

function statOf(path: string): Stats | undefined {
  return lstatSync(Buffer.from(path, 'latin1'), { throwIfNoEntry: false });
}

function namesIn(path: string): readonly string[] {
  return readdirSync(Buffer.from(path, 'latin1'), { encoding: 'latin1' });
}
