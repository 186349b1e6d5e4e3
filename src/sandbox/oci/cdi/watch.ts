import { messageOf } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import { DirectoryWatch } from '../../../linux/inotify.ts';
import type { Watcher } from '../../../linux/watcher.ts';
import type { CdiLibrary, Holdings } from './library.ts';

/**
 * Reads the files of devices when they change, by one inotify instance: what is wrong with one is in the log before a
 * container asks for it, which then finds the rest parsed.
 */
export class CdiWatch implements Disposable {
  readonly #library: CdiLibrary;
  readonly #log: Logger;
  readonly #watch: DirectoryWatch;
  #holdings: Holdings = { devices: new Map(), troubles: [] };
  #looking: Promise<void> | undefined;
  #again = false;

  constructor(library: CdiLibrary, watcher: Watcher, log: Logger) {
    this.#library = library;
    this.#log = log;
    this.#watch = new DirectoryWatch(watcher, () => void this.refresh());
  }

  /** Full names of the devices, and the files that were not read with the reason: as of the last change. */
  summary(): { readonly devices: readonly string[]; readonly troubles: readonly string[] } {
    return { devices: [...this.#holdings.devices.keys()].sort(), troubles: this.#holdings.troubles };
  }

  /** Looks, and once more where something changed meanwhile. Never rejects. */
  refresh(): Promise<void> {
    this.#again = true;
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #look(): Promise<void> {
    const { directories } = this.#library;
    while (this.#again && directories.length > 0) {
      this.#again = false;
      // Watched before they are read: a change in between is told.
      await this.#watch.watch(directories).catch((error: unknown) => {
        this.#log.warn({ reason: messageOf(error) }, 'directories of CDI devices are not watched');
      });
      const before = new Set(this.#holdings.troubles);
      this.#holdings = await this.#library.read();
      for (const trouble of this.#holdings.troubles)
        if (!before.has(trouble)) this.#log.warn({ trouble }, 'a file of CDI devices cannot be used');
    }
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }
}
