import { closeFd } from '../../linux/fs-at.ts';

/** Descriptors of directories in use lately, by path; the oldest is closed when there are too many. */
export class OpenDirectories implements Disposable {
  readonly #open = new Map<string, number>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(path: string): number | undefined {
    const fd = this.#open.get(path);
    if (fd === undefined) return undefined;
    this.#open.delete(path);
    this.#open.set(path, fd);
    return fd;
  }

  /** Takes the descriptor over. */
  put(path: string, fd: number): number {
    const before = this.#open.get(path);
    if (before !== undefined) closeFd(before);
    this.#open.delete(path);
    this.#open.set(path, fd);
    if (this.#open.size > this.#limit) this.#closeOldest();
    return fd;
  }

  /** Forgets everything: a directory was replaced, so paths may mean something else now. */
  clear(): void {
    for (const fd of this.#open.values()) closeFd(fd);
    this.#open.clear();
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
