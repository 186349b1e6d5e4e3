import { errnoOf, messageOf } from '../../base/errors.ts';
import { syncPath } from '../../base/checkpoint.ts';
import type { Logger } from '../../base/log.ts';

/** The most that a power cut takes with it. What comes and goes meanwhile costs no fsync, and those of many become one run. */
const delayMs = 250;

/**
 * Has the disk keep what was written, behind whoever wrote it: a crash of the daemon loses nothing of it, and a power cut
 * ends every pod. See docs/adr/0015-nobody-waits-for-the-disk-to-keep-a-state.md.
 */
export class Keeper {
  readonly #log: Pick<Logger, 'warn'>;
  readonly #due = new Set<string>();
  #turn: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Pick<Logger, 'warn'>) {
    this.#log = log;
  }

  /** Files before the directory that names them. */
  keep(...paths: readonly string[]): void {
    for (const path of paths) this.#due.add(path);
    this.#timer ??= setTimeout(() => void this.flush(), delayMs).unref();
  }

  /** Resolves when the disk keeps all that was told so far; never rejects. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const due = [...this.#due];
    this.#due.clear();
    this.#turn = this.#turn.then(async () => this.#sync(due));
    await this.#turn;
  }

  /** One after the other: they would fill the threads that calls wait for. */
  async #sync(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      try {
        await syncPath(path);
      } catch (error) {
        // It has been removed meanwhile.
        if (errnoOf(error) === 'ENOENT') continue;
        this.#log.warn(
          { path, reason: messageOf(error) },
          'a power cut now may lose a state, or bring back what was removed',
        );
      }
    }
  }
}
