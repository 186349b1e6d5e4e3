import { closeFd } from '../../linux/fs-at.ts';

/** Descriptors of directories in use lately, by path; the oldest is closed when there are too many. */
export class OpenDirectories implements Disposable {
  readonly #open = new Map<string, number>();
  #loose: readonly number[] = [];
  /** The newest: entries come a directory at a time. */
  #last: { readonly path: string; readonly fd: number } | undefined;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(path: string): number | undefined {
    if (path === this.#last?.path) return this.#last.fd;
    const fd = this.#open.get(path);
    if (fd === undefined) return undefined;
    return this.#use(path, fd);
  }

  /** Takes the descriptor over. */
  put(path: string, fd: number): number {
    const before = this.#open.get(path);
    if (before !== undefined) closeFd(before);
    this.#use(path, fd);
    if (this.#open.size > this.#limit) this.#closeOldest();
    return fd;
  }

  /** Makes it the newest. */
  #use(path: string, fd: number): number {
    this.#open.delete(path);
    this.#open.set(path, fd);
    this.#last = { path, fd };
    return fd;
  }

  /**
   * Forgets everything: a directory was replaced, so paths may mean something else now. The descriptor that the
   * caller goes on with stays open until the next time.
   */
  clear(inUse?: number): void {
    for (const fd of [...this.#open.values(), ...this.#loose]) if (fd !== inUse) closeFd(fd);
    const kept = [...this.#open.values(), ...this.#loose].filter((fd) => fd === inUse);
    this.#open.clear();
    this.#last = undefined;
    this.#loose = kept;
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  #closeOldest(): void {
    for (const [path, fd] of this.#open) {
      this.#open.delete(path);
      closeFd(fd);
      return;
    }
  }
}
