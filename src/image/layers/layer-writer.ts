import { assertNever, errorFrom, fail } from '../../base/errors.ts';
import { setAccess } from '../../linux/fs-access.ts';
import * as at from '../../linux/fs-at.ts';
import { setXattr } from '../../linux/fs-xattr.ts';
import { cleanEntryPath, joinPath, meaningOf } from './entry-path.ts';
import type { EntryPath } from './entry-path.ts';
import { FileWriter } from './file-writer.ts';
import { LayerTree } from './layer-tree.ts';
import type { TarEntry } from './tar-entry.ts';
import type { TarSink } from './tar-reader.ts';

/** What a layer takes on disk: bytes in whole blocks of 4 KiB, and inodes. */
export interface LayerUsage {
  readonly bytes: number;
  readonly inodes: number;
  /** Directories that exist without an entry of their own, in latin1: 0755 of root until something says better. */
  readonly implicit: readonly string[];
  /** Hard links to what must be in a layer below: see mend.ts. */
  readonly links: readonly LowerLink[];
}

/** A name that is to be another name of a file of a lower layer. Paths are latin1. */
export interface LowerLink {
  readonly path: string;
  readonly target: string;
}

export interface LayerLimits {
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** How many times its size in the registry a layer may have, when it has more than 1 GiB. */
  readonly maxExpansion: number;
}

const diskBlock = 4096;
/** Bytes of names that are remembered until the layer is whole: some 250,000 directories. */
const mostRemembered = 32 << 20;
const eachRemembered = 64;

/** Writes a layer's members below a directory. `finish` sets the directories' times and tells the usage. */
export class LayerWriter implements TarSink, Disposable {
  readonly #tree: LayerTree;
  readonly #limits: LayerLimits;
  readonly #directoryTimes = new Map<string, at.FileTime>();
  readonly #links = new Map<string, string>();
  #file: FileWriter | undefined;
  #entries = 0;
  #bytes = 0;
  #remembered = 0;

  constructor(path: string, limits: LayerLimits) {
    this.#tree = new LayerTree(path);
    this.#limits = limits;
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) at.closeFd(this.#file.fd);
    this.#file = undefined;
    this.#tree[Symbol.dispose]();
  }

  entry(entry: TarEntry): void {
    this.#entries += 1;
    this.#bytes += Math.ceil(entry.size / diskBlock) * diskBlock;
    if (this.#entries > this.#limits.maxEntries || this.#bytes > this.#limits.maxBytes)
      throw fail(
        'resource_exhausted',
        `layer has more than ${this.#entries - 1} entries or ${this.#limits.maxBytes} bytes`,
      );
    const path = cleanEntryPath(entry.name);
    if (path === undefined) {
      if (entry.type !== 'directory') throw fail('invalid_argument', 'layer has a root that is no directory');
      this.#describeDirectory(this.#tree.directory(''), '', entry);
      return;
    }
    const meaning = meaningOf(path.name);
    if (meaning.kind === 'opaque') this.#tree.opaque(path.directory);
    else if (meaning.kind === 'hides') this.#hide(path.directory, meaning.name);
    else if (meaning.kind === 'entry') this.#make(path, entry);
  }

  data(piece: Buffer): void {
    this.#file?.write(piece);
  }

  endEntry(): void {
    const file = this.#file;
    if (file === undefined) return;
    file.finish();
    setAccess(file.fd, file.entry);
    setXattrs(file.fd, file.entry);
    at.timesFd(file.fd, file.entry.mtime);
    this.#file = undefined;
    at.closeFd(file.fd);
  }

  finish(): LayerUsage {
    for (const [path, time] of this.#directoryTimes) {
      const fd = this.#tree.existingDirectory(path);
      if (fd === undefined) continue;
      at.timesFd(fd, time);
      at.closeFd(fd);
    }
    return {
      bytes: this.#bytes,
      inodes: this.#tree.inodes,
      implicit: this.#tree.implicit(),
      links: this.#lowerLinks(),
    };
  }

  #remember(length: number): void {
    this.#remembered += length + eachRemembered;
    if (this.#remembered > mostRemembered)
      throw fail('resource_exhausted', 'layer has too many directories or links, or their names are too long');
  }

  #hide(directory: string, name: string): void {
    this.#links.delete(joinPath(directory, name));
    this.#tree.whiteout(directory, name);
  }

  #lowerLinks(): readonly LowerLink[] {
    return [...this.#links].map(([path, target]) => ({ path, target }));
  }

  #make(path: EntryPath, entry: TarEntry): void {
    const full = joinPath(path.directory, path.name);
    this.#links.delete(full);
    if (entry.type === 'directory') {
      this.#describeDirectory(this.#tree.makeDirectory(path.directory, path.name), full, entry);
      return;
    }
    this.#directoryTimes.delete(full);
    if (entry.type === 'link') {
      this.#link(path, entry);
      return;
    }
    const parent = this.#tree.directory(path.directory);
    if (entry.type === 'file') {
      this.#create(parent, path.name, entry);
      return;
    }
    this.#tree.replace(parent, path.name, () => makeSpecial(parent, path.name, entry));
    at.chownAt(parent, path.name, entry);
    if (entry.type !== 'symlink') at.chmodAt(parent, path.name, entry.mode);
    at.timesAt(parent, path.name, entry.mtime);
  }

  #create(parent: number, name: string, entry: TarEntry): void {
    this.#tree.replace(parent, name, () => {
      const fd = at.createAt(parent, name, entry.mode & 0o777);
      if (fd === undefined) return false;
      this.#file = new FileWriter(fd, entry);
      return true;
    });
  }

  /** A target that is not in this layer must be in one below, which is not known here: the image links it later. */
  #link(path: EntryPath, entry: TarEntry): void {
    const about = () => `layer entry ${JSON.stringify(entry.name)} links to ${JSON.stringify(entry.linkName)}`;
    const target = cleanEntryPath(entry.linkName);
    if (target === undefined) throw fail('invalid_argument', `${about()}, which is no file`);
    const [name, old] = [joinPath(path.directory, path.name), joinPath(target.directory, target.name)];
    if (name === old) return;
    const from = this.#tree.existingDirectory(target.directory);
    try {
      const parent = this.#tree.directory(path.directory);
      if (from !== undefined && at.isThere(from, target.name)) {
        this.#tree.replace(parent, path.name, () => at.linkAt(from, target.name, parent, path.name));
        this.#tree.inodes -= 1;
      } else {
        this.#tree.vacate(parent, path.name);
        this.#remember(name.length + old.length);
        this.#links.set(name, this.#links.get(old) ?? old);
      }
    } catch (error) {
      if (errorFrom(error).code === 'resource_exhausted') throw error;
      throw fail('invalid_argument', `${about()}, which cannot be linked to`, error);
    } finally {
      if (from !== undefined) at.closeFd(from);
    }
  }

  #describeDirectory(fd: number, path: string, entry: TarEntry): void {
    setAccess(fd, entry);
    setXattrs(fd, entry);
    if (!this.#directoryTimes.has(path)) this.#remember(path.length);
    this.#directoryTimes.set(path, entry.mtime);
  }
}

/** The permissions are set afterwards, past the umask. */
function makeSpecial(parent: number, name: string, entry: TarEntry): boolean {
  switch (entry.type) {
    case 'symlink':
      return at.symlinkAt(entry.linkName, parent, name);
    case 'fifo':
      return at.mknodAt(parent, name, at.fileTypes.fifo, 0n);
    case 'char':
      return at.mknodAt(parent, name, at.fileTypes.charDevice, at.makeDevice(entry.major, entry.minor));
    case 'block':
      return at.mknodAt(parent, name, at.fileTypes.blockDevice, at.makeDevice(entry.major, entry.minor));
    case 'file':
    case 'link':
    case 'directory':
      throw fail('internal', `layer entry ${JSON.stringify(name)} is not special`);
    default:
      return assertNever(entry.type);
  }
}

/**
 * Only what an image may decide: file capabilities, ACLs, user attributes. trusted.* would let a layer speak to
 * overlayfs, security.selinux is the host's policy.
 */
function setXattrs(fd: number, entry: TarEntry): void {
  for (const [name, value] of entry.xattrs) {
    const user = name.startsWith('user.') && !name.startsWith('user.overlay.');
    if (user || name === 'security.capability' || name.startsWith('system.posix_acl_')) setXattr(fd, name, value);
  }
}
