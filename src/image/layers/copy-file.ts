import { closeSync, constants, lstatSync, openSync, readlinkSync, readSync, writeSync } from 'node:fs';
import { fail } from '../../base/errors.ts';
import { setAccess } from '../../linux/fs-access.ts';
import * as at from '../../linux/fs-at.ts';
import { listXattrs, readXattr, setXattr } from '../../linux/fs-xattr.ts';
import { cleanEntryPath } from './entry-path.ts';
import type { LayerTree } from './layer-tree.ts';

const pieceSize = 1 << 20;

/**
 * Copies a file or a symbolic link of another layer with all that belongs to it, under several names of one inode.
 * How many bytes it has. Errors: `unimplemented` for devices and pipes, `internal` when a name leads nowhere.
 */
export function copyInto(tree: LayerTree, source: Buffer, names: readonly string[]): number {
  const stat = lstatSync(source, { bigint: true });
  const paths = names.map(cleanEntryPath).filter((path) => path !== undefined);
  const [first, ...others] = paths;
  if (first === undefined) throw fail('internal', 'a file without a name');
  const parent = tree.directory(first.directory);
  const owner = { uid: Number(stat.uid), gid: Number(stat.gid) };
  if (stat.isSymbolicLink()) {
    const goal = readlinkSync(source, 'latin1');
    tree.replace(parent, first.name, () => at.symlinkAt(goal, parent, first.name));
    at.chownAt(parent, first.name, owner);
    at.timesAt(parent, first.name, at.fileTimeOf(stat.mtimeNs));
  } else if (stat.isFile()) {
    const fd = create(tree, parent, first.name);
    try {
      copyBytes(source, fd);
      setAccess(fd, { ...owner, mode: Number(stat.mode & 0o7777n) });
      for (const name of listXattrs(source)) setXattr(fd, name, readXattr(source, name) ?? Buffer.alloc(0));
      at.timesFd(fd, at.fileTimeOf(stat.mtimeNs));
    } finally {
      at.closeFd(fd);
    }
  } else throw fail('unimplemented', `layer links to ${names.join(', ')} of a lower layer, which is no file`);
  for (const { directory, name } of others) link(tree, first, { directory, name });
  return Number(stat.size);
}

interface Place {
  readonly directory: string;
  readonly name: string;
}

function create(tree: LayerTree, parent: number, name: string): number {
  let made: number | undefined;
  tree.replace(parent, name, () => (made = at.createAt(parent, name)) !== undefined);
  if (made === undefined) throw fail('internal', `file ${name} was not made`);
  return made;
}

function link(tree: LayerTree, first: Place, other: Place): void {
  const from = tree.existingDirectory(first.directory);
  if (from === undefined) throw fail('internal', `directory ${first.directory} has gone`);
  try {
    const parent = tree.directory(other.directory);
    tree.replace(parent, other.name, () => at.linkAt(from, first.name, parent, other.name));
    tree.inodes -= 1;
  } finally {
    at.closeFd(from);
  }
}

function copyBytes(source: Buffer, fd: number): void {
  const from = openSync(source, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const piece = Buffer.allocUnsafe(pieceSize);
    for (let length = readSync(from, piece); length > 0; length = readSync(from, piece))
      for (let written = 0; written < length;) written += writeSync(fd, piece, written, length - written);
  } finally {
    closeSync(from);
  }
}
