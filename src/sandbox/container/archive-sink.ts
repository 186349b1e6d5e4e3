import { fstatSync, lstatSync } from 'node:fs';
import { fail } from '../../base/errors.ts';
import { FileWriter } from '../../image/layers/file-writer.ts';
import type { TarEntry } from '../../image/layers/tar-entry.ts';
import type { TarSink } from '../../image/layers/tar-reader.ts';
import { setAccess } from '../../linux/fs-access.ts';
import * as at from '../../linux/fs-at.ts';
import type { Owner } from '../../linux/fds.ts';
import { setXattr } from '../../linux/fs-xattr.ts';
import { hostId } from '../../linux/user-namespace.ts';
import type { UserMaps } from '../../linux/user-namespace.ts';

/** Where members go: below `directory`, the first word of their names left out or replaced. Latin1. */
export interface Placement {
  readonly directory: readonly string[];
  /** What the archive's one top member is to be called; undefined: names are taken as they are. */
  readonly rename: string | undefined;
}

/**
 * Writes members into a root file system that others change meanwhile: each path is resolved anew with the root as `/`
 * (openat2, RESOLVE_IN_ROOT), and the last name is never followed. What is there already is replaced, directories are
 * kept. Errors: `invalid_argument` for names with `..` and for devices, `failed_precondition` for what is in the way.
 */
export class ArchiveSink implements TarSink, Disposable {
  readonly #root: number;
  readonly #placement: Placement;
  readonly #users: UserMaps | null;
  #file: FileWriter | undefined;
  /** Where the file is that is being written. */
  #place: readonly string[] = [];
  #made = 0;

  /** `users`: those of the container's user namespace, of whom the archive speaks; null: the host's. */
  constructor(root: number, placement: Placement, users: UserMaps | null) {
    this.#root = root;
    this.#placement = placement;
    this.#users = users;
  }

  /** Whom new files belong to until they have an owner. */
  get owner(): Owner {
    return this.#outside({ uid: 0, gid: 0 });
  }

  [Symbol.dispose](): void {
    if (this.#file === undefined) return;
    this.#takeAway(this.#file.fd);
    at.closeFd(this.#file.fd);
    this.#file = undefined;
  }

  /** Members that are there, whole. */
  get made(): number {
    return this.#made;
  }

  /** Half a file is worse than none. One that the container has put in its place meanwhile is left alone. */
  #takeAway(fd: number): void {
    const name = this.#place.at(-1) ?? '';
    const parent = at.openInRoot(this.#root, `./${this.#place.slice(0, -1).join('/')}`, at.openFlags.directory);
    if (parent === undefined) return;
    const found = lstatSync(Buffer.from(`/proc/self/fd/${parent}/${name}`, 'latin1'), { throwIfNoEntry: false });
    const own = fstatSync(fd);
    if (found?.ino === own.ino && found.dev === own.dev) at.unlinkAt(parent, name);
    at.closeFd(parent);
  }

  entry(entry: TarEntry): void {
    const words = this.#placed(entry.name);
    const name = words.at(-1);
    // The directory they go to is not theirs to describe.
    if (name === undefined || words.length === this.#placement.directory.length) return;
    const parent = this.#directory(words.slice(0, -1));
    this.#place = words;
    try {
      this.#make(parent, name, entry);
      if (this.#file === undefined) this.#made++;
    } finally {
      at.closeFd(parent);
    }
  }

  data(piece: Buffer): void {
    this.#file?.write(piece);
  }

  endEntry(): void {
    const file = this.#file;
    if (file === undefined) return;
    file.finish();
    this.#file = undefined;
    this.#describe(file.fd, file.entry);
    at.closeFd(file.fd);
    this.#made++;
  }

  #placed(name: string): readonly string[] {
    const { directory, rename } = this.#placement;
    const words = name.split('/').filter((word) => word !== '' && word !== '.');
    if (words.includes('..'))
      throw fail('invalid_argument', `the archive has ${JSON.stringify(name)}, which leads out`);
    return [...directory, ...(rename === undefined || words.length === 0 ? words : [rename, ...words.slice(1)])];
  }

  #directory(words: readonly string[]): number {
    const path = `./${words.join('/')}`;
    const there = at.openInRoot(this.#root, path, at.openFlags.directory);
    if (there !== undefined) return there;
    const last = words.at(-1);
    if (last === undefined) throw fail('failed_precondition', 'the root file system is gone');
    const parent = this.#directory(words.slice(0, -1));
    try {
      at.mkdirAt(parent, last, 0o755);
    } finally {
      at.closeFd(parent);
    }
    const made = at.openInRoot(this.#root, path, at.openFlags.directory);
    if (made === undefined) throw fail('failed_precondition', `${shown(path.slice(1))} is in the way: no directory`);
    return made;
  }

  #make(parent: number, name: string, entry: TarEntry): void {
    const directory = at.openAt(parent, name, at.openFlags.directory);
    if (directory !== undefined && entry.type !== 'directory') {
      at.closeFd(directory);
      throw fail('failed_precondition', `${shown(name)} is a directory, and no directory is to replace it`);
    }
    if (directory === undefined && at.isThere(parent, name)) at.unlinkAt(parent, name);
    switch (entry.type) {
      case 'directory': {
        if (directory === undefined) at.mkdirAt(parent, name, 0o755);
        const fd = directory ?? at.openAt(parent, name, at.openFlags.directory);
        if (fd === undefined) throw inTheWay(name);
        this.#describe(fd, entry);
        at.closeFd(fd);
        return;
      }
      case 'file': {
        const fd = at.createAt(parent, name);
        if (fd === undefined) throw inTheWay(name);
        this.#file = new FileWriter(fd, entry);
        return;
      }
      case 'link':
        this.#link(parent, name, this.#placed(entry.linkName));
        return;
      case 'symlink':
        if (!at.symlinkAt(entry.linkName, parent, name)) throw inTheWay(name);
        break;
      case 'fifo':
        if (!at.mknodAt(parent, name, at.fileTypes.fifo | (entry.mode & 0o777), 0n)) throw inTheWay(name);
        break;
      default:
        throw fail('invalid_argument', `${shown(name)} is a device; devices are not copied`);
    }
    at.chownAt(parent, name, this.#outside(entry));
    at.timesAt(parent, name, entry.mtime);
  }

  #describe(fd: number, entry: TarEntry): void {
    setAccess(fd, { ...this.#outside(entry), mode: entry.mode });
    // Last: a change of owner takes it away.
    const capability = entry.xattrs.get('security.capability');
    if (capability !== undefined) setXattr(fd, 'security.capability', capability);
    at.timesFd(fd, entry.mtime);
  }

  /** Errors: `invalid_argument` for one whom the container does not have. */
  #outside({ uid, gid }: Owner): Owner {
    if (this.#users === null) return { uid, gid };
    const outside = { uid: hostId(this.#users.uids, uid), gid: hostId(this.#users.gids, gid) };
    if (outside.uid !== undefined && outside.gid !== undefined) return { uid: outside.uid, gid: outside.gid };
    throw fail('invalid_argument', `the archive has files of ${uid}:${gid}, whom the container's user namespace lacks`);
  }

  #link(parent: number, name: string, target: readonly string[]): void {
    const from = this.#directory(target.slice(0, -1));
    try {
      if (!at.linkAt(from, target.at(-1) ?? '.', parent, name)) throw inTheWay(name);
    } finally {
      at.closeFd(from);
    }
  }
}

const shown = (latin1: string): string => JSON.stringify(Buffer.from(latin1, 'latin1').toString('utf8'));
const inTheWay = (name: string) => fail('aborted', `${shown(name)} was made by somebody else meanwhile; copy again`);
