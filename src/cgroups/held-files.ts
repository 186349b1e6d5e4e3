import { closeSync, constants, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../base/errors.ts';
import type { ReadBytes } from './file-bytes.ts';
import { absentErrnos, isDirectory, readBytes } from './files.ts';
import { filePath } from './group.ts';
import type { Layout } from './layout.ts';
import type { CgroupPath } from './path.ts';

/**
 * Descriptors of a cgroup's files, opened when first read. kernfs makes the text anew for each read at offset 0, and
 * answers ENODEV once the cgroup is removed, even if another of the same name has taken its place.
 */
export class HeldFiles implements Disposable {
  readonly #layout: Layout;
  readonly #path: CgroupPath;
  /** -1: this kernel has no such file. */
  readonly #descriptors = new Map<string, number>();
  removed = false;

  constructor(layout: Layout, path: CgroupPath) {
    this.#layout = layout;
    this.#path = path;
  }

  readonly read: ReadBytes = (file) => {
    const fd = this.#descriptors.get(file) ?? this.#open(file);
    if (fd === undefined || fd === -1) return undefined;
    try {
      return readBytes(fd);
    } catch (error) {
      if (!absentErrnos.has(errnoOf(error))) throw error;
      if (errnoOf(error) === 'ENODEV') this.removed = true;
      return undefined;
    }
  };

  /** Undefined where the cgroup is not in this hierarchy: the OCI runtime may be about to make it. */
  #open(file: string): number | undefined {
    const path = filePath(this.#layout, this.#path, file);
    const fd = path === undefined ? -1 : openFile(path);
    if (fd !== undefined) this.#descriptors.set(file, fd);
    return fd;
  }

  [Symbol.dispose](): void {
    for (const fd of this.#descriptors.values()) if (fd !== -1) closeSync(fd);
    this.#descriptors.clear();
  }
}

function openFile(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY);
  } catch (error) {
    if (!absentErrnos.has(errnoOf(error))) throw error;
    return isDirectory(dirname(path)) ? -1 : undefined;
  }
}
