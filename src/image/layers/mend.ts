import { lstatSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import * as at from '../../linux/fs-at.ts';
import { cleanEntryPath } from './entry-path.ts';
import { LayerTree } from './layer-tree.ts';
import type { LayerUsage } from './layer-writer.ts';

/*
 * A layer may hold `tmp/x` and no entry for `tmp`. Unpacked by itself it makes `tmp` 0755 of root, and stacked
 * on a layer that says 1777 that would show. Layers are unpacked without their parents and shared between
 * images, so the mend is a layer of the image's own on top: nothing but directories as they should look.
 */

export interface StackedLayer {
  readonly path: string;
  readonly implicit: readonly string[];
}

/** A directory of the mending layer; its path is latin1. */
export interface MendedDirectory {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: at.FileTime;
}

/** What a stack of layers, bottom first, needs on top; nothing for nearly every image. Waits for the disk. */
export function planMend(layers: readonly StackedLayer[]): readonly MendedDirectory[] {
  const implicit = layers.map((layer) => new Set(layer.implicit));
  const wanted = new Set(layers.slice(1).flatMap((layer) => layer.implicit));
  const mended = new Map<string, MendedDirectory>();
  for (const path of [...wanted].sort()) {
    const shown = shownAs(layers, implicit, path);
    if (shown?.undescribed !== true || isPlain(shown.stat)) continue;
    for (const part of partsOf(path)) {
      const stat = shownAs(layers, implicit, part)?.stat;
      mended.set(part, stat === undefined ? plain(part) : described(part, stat));
    }
  }
  return [...mended.values()];
}

/**
 * How the highest layer that describes a directory describes it, and whether a higher one has it undescribed.
 * Undefined where none describes it, or something that is no directory hides those that do.
 */
function shownAs(layers: readonly StackedLayer[], implicit: readonly Set<string>[], path: string) {
  let undescribed = false;
  for (let index = layers.length - 1; index >= 0; index -= 1) {
    const stat = statIn(layers[index]?.path ?? '', path);
    if (stat === 'absent') continue;
    if (stat === 'other') return undefined;
    if (implicit[index]?.has(path) !== true) return { stat, undescribed };
    undescribed = true;
  }
  return undefined;
}

const isPlain = (stat: BigIntStats) => (stat.mode & 0o7777n) === 0o755n && stat.uid === 0n && stat.gid === 0n;

/** Without following links: a path through one is not the path of a directory that overlayfs merges. */
function statIn(layer: string, path: string): BigIntStats | 'absent' | 'other' {
  let stat: BigIntStats | undefined;
  for (const part of partsOf(path)) {
    const full = Buffer.concat([Buffer.from(`${layer}/`), Buffer.from(part, 'latin1')]);
    stat = lstatSync(full, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return 'absent';
    if (!stat.isDirectory()) return 'other';
  }
  return stat ?? 'absent';
}

/** `a/b/c` → `a`, `a/b`, `a/b/c` */
function partsOf(path: string): readonly string[] {
  const names = path.split('/');
  return names.map((_, index) => names.slice(0, index + 1).join('/'));
}

const plain = (path: string): MendedDirectory => ({
  path,
  mode: 0o755,
  uid: 0,
  gid: 0,
  mtime: { seconds: 0, nanos: 0 },
});

function described(path: string, stat: BigIntStats): MendedDirectory {
  const nanosPerSecond = 1_000_000_000n;
  const nanos = ((stat.mtimeNs % nanosPerSecond) + nanosPerSecond) % nanosPerSecond;
  const seconds = (stat.mtimeNs - nanos) / nanosPerSecond;
  return {
    path,
    mode: Number(stat.mode & 0o7777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtime: { seconds: Number(seconds), nanos: Number(nanos) },
  };
}

/** Makes the mending layer in an empty directory. Waits for the disk. */
export function makeMend(target: string, directories: readonly MendedDirectory[]): LayerUsage {
  using tree = new LayerTree(target);
  for (const { path, mode, uid, gid } of directories) {
    const split = cleanEntryPath(path);
    if (split === undefined) continue;
    const fd = tree.makeDirectory(split.directory, split.name);
    at.chownFd(fd, { uid, gid });
    at.chmodFd(fd, mode);
  }
  // Last, as making a directory changes the time of the one it is in.
  for (const { path, mtime } of directories) at.timesFd(tree.directory(path), mtime);
  return { bytes: 0, inodes: tree.inodes, implicit: [] };
}
