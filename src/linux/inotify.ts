import { closeSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../base/errors.ts';
import { checked, libc } from './libc.ts';
import type { Watcher } from './watcher.ts';

const IN_ATTRIB = 0x4;
const IN_CLOSE_WRITE = 0x8;
const IN_MOVED_FROM = 0x40;
const IN_MOVED_TO = 0x80;
const IN_CREATE = 0x100;
const IN_DELETE = 0x200;
const IN_DELETE_SELF = 0x400;
const IN_MOVE_SELF = 0x800;
const IN_ONLYDIR = 0x1000000;
/** One directory may be watched itself and as the nearest one of another. */
const IN_MASK_ADD = 0x20000000;
const IN_NONBLOCK = 0o4000;
const IN_CLOEXEC = 0o2000000;

const self = IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_MASK_ADD;
const anyChange = self | IN_ATTRIB | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE;
const arrivals = self | IN_CREATE | IN_MOVED_TO;

const inotifyInit = libc.func('int inotify_init1(int flags)');
const addWatch = libc.func('int inotify_add_watch(int fd, const char *path, uint32_t mask)');

/** Milliseconds of silence after a change: files are written in several steps. */
const settleMs = 100;

/**
 * Tells of changes in directories: files that come, go, or were written. Of a directory that does not exist, the
 * nearest one above it is watched, so its coming is told too. Events say only that something changed: whoever is told
 * calls `watch` again and then looks.
 */
export class DirectoryWatch implements Disposable {
  readonly #watcher: Watcher;
  readonly #onChange: () => void;
  #current: { readonly fd: number; readonly watch: Disposable } | undefined;
  #settling: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(watcher: Watcher, onChange: () => void) {
    this.#watcher = watcher;
    this.#onChange = onChange;
  }

  /** From its resolving on, changes in these directories are told; those watched before are no more. */
  async watch(directories: readonly string[]): Promise<void> {
    const fd = checked(inotifyInit(IN_NONBLOCK | IN_CLOEXEC) as number, 'make an inotify instance');
    for (const directory of directories) {
      // Once more: what came between the look at the directory and the watch on its parent was not told.
      if (!(await watchNearest(fd, directory))) await watchNearest(fd, directory);
    }
    if (this.#closed) {
      closeSync(fd);
      return;
    }
    const before = this.#current;
    this.#current = { fd, watch: this.#watcher.onReadable(fd, () => this.#read(fd)) };
    if (before !== undefined) release(before);
  }

  #read(fd: number): void {
    const events = Buffer.alloc(16_384);
    try {
      while (readSync(fd, events) > 0);
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw error;
    }
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined;
      if (!this.#closed) this.#onChange();
    }, settleMs);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearTimeout(this.#settling);
    if (this.#current !== undefined) release(this.#current);
    this.#current = undefined;
  }
}

function release({ fd, watch }: { readonly fd: number; readonly watch: Disposable }): void {
  watch[Symbol.dispose]();
  closeSync(fd);
}

/** True when it is the directory itself. */
async function watchNearest(fd: number, directory: string): Promise<boolean> {
  for (let path = directory; ; path = dirname(path)) {
    if (await add(fd, path, path === directory ? anyChange : arrivals)) return path === directory;
    if (path === '/') return false;
  }
}

/** Off the main thread: a path may lie on a file system that does not answer. False when it cannot be watched. */
async function add(fd: number, path: string, mask: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  addWatch.async(fd, path, mask, (error: unknown, descriptor: unknown) =>
    resolve((error === null || error === undefined) && typeof descriptor === 'number' && descriptor >= 0),
  );
  return promise;
}
