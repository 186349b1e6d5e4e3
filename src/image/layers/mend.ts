import type { BigIntStats } from 'node:fs';
import { fail } from '../../base/errors.ts';
import { setAccess } from '../../linux/fs-access.ts';
import * as at from '../../linux/fs-at.ts';
import { copyInto } from './copy-file.ts';
import { cleanEntryPath } from './entry-path.ts';
import { LayerTree } from './layer-tree.ts';
import type { LayerUsage } from './layer-writer.ts';
import { inLayer, LayerStack, partsOf } from './stack.ts';
import type { Found, StackedLayer } from './stack.ts';

/*
 * Layers are unpacked without their parents and shared between images. Two things then show only when they are
 * stacked. A layer may hold `tmp/x` and no entry for `tmp`: unpacked by itself it makes `tmp` 0755 of root, and on a
 * layer that says 1777 that would show. And a layer may make a hard link to a file of a lower one. The mend of both is
 * a layer of the image's own on top: directories as they should look, and linked files under all of their names.
 */

/** A directory of the mending layer; its path is latin1. */
export interface MendedDirectory {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: at.FileTime;
}

/** A file of layer number `index` that is to have these names, all of them one inode, as overlayfs copies up. */
export interface MendedFile {
  readonly index: number;
  readonly path: string;
  readonly names: readonly string[];
}

export interface MendPlan {
  readonly directories: readonly MendedDirectory[];
  readonly files: readonly MendedFile[];
}

/**
 * What a stack of layers, bottom first, needs on top; nothing for nearly every image. Waits for the disk.
 * Errors: `invalid_argument` for a link to what no layer has.
 */
export function planMend(layers: readonly StackedLayer[]): MendPlan {
  const stack = new LayerStack(layers);
  const files = planFiles(stack);
  const parents = files.flatMap(({ names }) => names.flatMap((name) => partsOf(name).slice(0, -1)));
  const wanted = new Set(layers.slice(1).flatMap((layer) => layer.implicit));
  const mended = new Map<string, MendedDirectory>();
  const mend = (path: string) => {
    for (const part of partsOf(path)) {
      const stat = stack.directory(part)?.stat;
      mended.set(part, stat === undefined ? plain(part) : described(part, stat));
    }
  };
  for (const path of [...wanted].sort()) {
    const shown = stack.directory(path);
    if (shown?.undescribed === true && !isPlain(shown.stat)) mend(path);
  }
  for (const path of new Set(parents)) mend(path);
  return { directories: [...mended.values()], files };
}

/** A link counts where its name still shows on top; the file it links to is under its own name too, if that shows. */
function planFiles(stack: LayerStack): readonly MendedFile[] {
  const names = new Map<string, { readonly found: Found; readonly names: Set<string> }>();
  for (const [index, { links }] of stack.layers.entries())
    for (const { path, target } of links) {
      const found = stack.find(target, index - 1);
      if (found === undefined || found.stat.isDirectory())
        throw fail(
          'invalid_argument',
          `layer entry ${JSON.stringify(path)} links to ${JSON.stringify(target)}, which is not in the layer or below it`,
        );
      stack.link(index, path, found);
      const key = `${found.index} ${found.path}`;
      const known = names.get(key) ?? { found, names: new Set([found.path]) };
      names.set(key, { ...known, names: known.names.add(path) });
    }
  return [...names.values()].flatMap(({ found, names: all }) => {
    const shown = [...all].filter((name) => isSame(stack.find(name, stack.top), found));
    const { index, path } = found;
    return shown.length === 0 || (shown.length === 1 && shown[0] === path) ? [] : [{ index, path, names: shown }];
  });
}

const isSame = (one: Found | undefined, other: Found) => one?.index === other.index && one.path === other.path;

const isPlain = (stat: BigIntStats) => (stat.mode & 0o7777n) === 0o755n && stat.uid === 0n && stat.gid === 0n;

const plain = (path: string): MendedDirectory => ({
  path,
  mode: 0o755,
  uid: 0,
  gid: 0,
  mtime: { seconds: 0, nanos: 0 },
});

function described(path: string, stat: BigIntStats): MendedDirectory {
  const [uid, gid] = [Number(stat.uid), Number(stat.gid)];
  return { path, mode: Number(stat.mode & 0o7777n), uid, gid, mtime: at.fileTimeOf(stat.mtimeNs) };
}

export interface MendOrder extends MendPlan {
  readonly target: string;
  /** The layers' directories, bottom first. */
  readonly layers: readonly string[];
}

/** Makes the mending layer in an empty directory. Waits for the disk. */
export function makeMend({ target, layers, directories, files }: MendOrder): LayerUsage {
  using tree = new LayerTree(target);
  let bytes = 0;
  for (const { path, mode, uid, gid } of directories) {
    const split = cleanEntryPath(path);
    if (split === undefined) continue;
    const fd = tree.makeDirectory(split.directory, split.name);
    setAccess(fd, { uid, gid, mode });
  }
  for (const { index, path, names } of files) bytes += copyInto(tree, inLayer(layers[index] ?? '', path), names);
  // Last, as making a name changes the time of the directory it is in.
  for (const { path, mtime } of directories) at.timesFd(tree.directory(path), mtime);
  return { bytes, inodes: tree.inodes, implicit: [], links: [] };
}
