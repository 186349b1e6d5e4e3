import { lstatSync, rmSync } from 'node:fs';
import { fail } from '../../base/errors.ts';
import {
  closeFd,
  mkdirAt,
  mknodAt,
  fileTypes,
  isThere,
  openAt,
  openDirectory,
  openFlags,
  openInRoot,
  unlinkAt,
} from '../../linux/fs-at.ts';
import { setXattr } from '../../linux/fs-xattr.ts';
import { cleanEntryPath, joinPath } from './entry-path.ts';
import { OpenDirectories } from './open-directories.ts';

const directoriesKeptOpen = 32;
const maxImplicit = 100_000;
const maxImplicitLength = 16 << 20;
export const opaqueAttribute = 'trusted.overlay.opaque';
const directoryFlags = openFlags.readOnly | openFlags.directory;

/**
 * The directory a layer is unpacked into, written for overlayfs: a whiteout is a character device 0:0, a
 * directory that hides all below it has the attribute trusted.overlay.opaque=y (kernel: overlayfs.rst).
 * Nothing can lead outside: each parent is opened with the layer as its root, each name is made without following.
 */
export class LayerTree implements Disposable {
  readonly #root: number;
  readonly #open = new OpenDirectories(directoriesKeptOpen);
  /** Inodes made, the root apart; removals do not lower it. */
  inodes = 0;
  readonly #implicit = new Set<string>();
  #implicitLength = 0;

  constructor(path: string) {
    this.#root = openDirectory(path);
  }

  [Symbol.dispose](): void {
    this.#open.clear();
    closeFd(this.#root);
  }

  /** A directory's descriptor, good until some calls later. Missing ones are made, 0755 of root. */
  directory(path: string): number {
    const known = path === '' ? this.#root : this.#open.get(path);
    if (known !== undefined) return known;
    const fd = openInRoot(this.#root, path, directoryFlags) ?? this.#makeImplicit(path);
    return this.#open.put(path, fd);
  }

  /** The directory if the layer has it; the caller closes it. */
  existingDirectory(path: string): number | undefined {
    return openInRoot(this.#root, path === '' ? '.' : path, directoryFlags);
  }

  /** Makes or finds the directory `name`; one that takes a whiteout's place hides what the whiteout hid. */
  makeDirectory(directory: string, name: string): number {
    const path = joinPath(directory, name);
    const fd = this.#makeDirectory(this.directory(directory), name);
    this.#implicit.delete(path);
    return this.#open.put(path, fd);
  }

  /** Directories that no entry describes: they are there for what is in them. */
  implicit(): readonly string[] {
    return [...this.#implicit].filter((path) => {
      const fd = this.existingDirectory(path);
      if (fd !== undefined) closeFd(fd);
      return fd !== undefined;
    });
  }

  /** Runs `make` until it has made the name, taking away what this layer had there before. */
  replace(parent: number, name: string, make: () => boolean): void {
    for (let attempt = 0; !make(); attempt += 1) {
      if (attempt > 0) throw fail('aborted', `layer entry ${JSON.stringify(name)} reappears after its removal`);
      this.#remove(parent, name);
    }
    this.inodes += 1;
  }

  /** Takes away what this layer has at a name, if anything. */
  vacate(parent: number, name: string): void {
    if (isThere(parent, name)) this.#remove(parent, name);
  }

  /** Hides the lower layers' `name`; what this layer itself has there stays and hides them by being there. */
  whiteout(directory: string, name: string): void {
    const parent = this.directory(directory);
    if (mknodAt(parent, name, fileTypes.charDevice, 0n)) {
      this.inodes += 1;
      return;
    }
    const fd = openAt(parent, name, directoryFlags);
    if (fd === undefined) return;
    this.#implicit.delete(joinPath(directory, name));
    try {
      makeOpaque(fd);
    } finally {
      closeFd(fd);
    }
  }

  /** Hides everything the lower layers have in this directory. */
  opaque(directory: string): void {
    makeOpaque(this.directory(directory));
    this.#implicit.delete(directory);
  }

  #makeImplicit(path: string): number {
    const at = cleanEntryPath(path);
    if (at === undefined) throw fail('internal', 'the root of a layer cannot be implicit');
    // Before: a whiteout found in its place makes it opaque, and then nothing below describes it.
    this.#implicit.add(path);
    this.#implicitLength += path.length;
    const fd = this.#makeDirectory(this.directory(at.directory), at.name, path);
    if (this.#implicit.size > maxImplicit || this.#implicitLength > maxImplicitLength)
      throw fail('resource_exhausted', 'layer leaves too many directories undescribed');
    return fd;
  }

  #makeDirectory(parent: number, name: string, implicitFor?: string): number {
    const fresh = mkdirAt(parent, name, 0o755);
    if (!fresh) {
      const existing = openAt(parent, name, directoryFlags);
      if (existing !== undefined) return existing;
      const hides = isWhiteout(parent, name);
      if (implicitFor !== undefined && !hides)
        throw fail('invalid_argument', `layer has entries below ${JSON.stringify(implicitFor)}, which is no directory`);
      if (hides && implicitFor !== undefined) this.#implicit.delete(implicitFor);
      this.#remove(parent, name);
      mkdirAt(parent, name, 0o755);
      this.inodes += 1;
      return this.#openFresh(parent, name, hides);
    }
    this.inodes += 1;
    return this.#openFresh(parent, name, false);
  }

  #openFresh(parent: number, name: string, hides: boolean): number {
    const fd = openAt(parent, name, directoryFlags);
    if (fd === undefined)
      throw fail('aborted', `directory ${JSON.stringify(name)} vanished while a layer was unpacked`);
    if (hides) makeOpaque(fd);
    return fd;
  }

  #remove(parent: number, name: string): void {
    const fd = openAt(parent, name, directoryFlags);
    if (fd === undefined) unlinkAt(parent, name);
    else {
      closeFd(fd);
      rmSync(procPath(parent, name), { recursive: true });
    }
    // A link or a directory may have been part of paths that are held open.
    this.#open.clear(parent);
  }
}

function makeOpaque(fd: number): void {
  if (!setXattr(fd, opaqueAttribute, Buffer.from('y')))
    throw fail('failed_precondition', 'the file system of the image store has no trusted attributes; use ext4 or xfs');
}

function isWhiteout(parent: number, name: string): boolean {
  const found = lstatSync(procPath(parent, name), { throwIfNoEntry: false });
  return found !== undefined && found.isCharacterDevice() && found.rdev === 0;
}

/** A name of an open directory as a path for calls that have no *at form. */
function procPath(parent: number, name: string): Buffer {
  return Buffer.from(`/proc/self/fd/${parent}/${name}`, 'latin1');
}
