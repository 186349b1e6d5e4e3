import { waitFor } from '../base/abort.ts';
import { errnoOf, errorFrom, fail, messageOf } from '../base/errors.ts';
import type { CricketError, ErrorCode } from '../base/errors.ts';
import { KeyedLocks } from '../base/locks.ts';
import { siblingModule } from '../linux/worker/module.ts';
import { WorkerPool } from '../linux/worker/pool.ts';
import { allSides } from './controllers.ts';
import type { Controllers } from './controllers.ts';
import type { PathWrite, Write } from './controllers/controller.ts';
import { withCopiedCpusets } from './cpuset-tree.ts';
import { writeText } from './files.ts';
import { checkHonoured } from './honour.ts';
import { filePath, groupExists, readerOf } from './group.ts';
import type { Layout } from './layout.ts';
import type { CgroupPath } from './path.ts';
import { checkResources } from './resources.ts';
import type { Resources } from './resources.ts';
import type { SlowWriteTasks } from './slow-write-worker.ts';

/** Reclaim may go on for as long as a disk takes; one that never ends must not hold a Worker and a lock for ever. */
const slowWriteMs = 120_000;

/** Values by file: read again, one may be what the other who writes it has put there since. */
export type Meant = ReadonlyMap<string, string>;

export interface UpdaterOptions {
  /** Told of a write that had to be given up, and its Worker with it. */
  readonly onStuck: () => void;
  /** Tells whoever else writes these files what is in them now, or shall be by `meant`; false: nobody does. */
  readonly keepLimits: (path: CgroupPath, meant: Meant, signal: AbortSignal) => Promise<boolean>;
}

/**
 * Applies limits to running cgroups: one update per cgroup at a time, all of it or nothing. What was written is put
 * back, last first, when a later write fails.
 */
export class Updater {
  readonly #layout: Layout;
  readonly #controllers: Controllers;
  readonly #locks = new KeyedLocks<CgroupPath>();

  readonly #slow: WorkerPool<SlowWriteTasks>;
  readonly #keepLimits: UpdaterOptions['keepLimits'];

  constructor(layout: Layout, controllers: Controllers, { onStuck, keepLimits }: UpdaterOptions) {
    this.#layout = layout;
    this.#controllers = controllers;
    this.#keepLimits = keepLimits;
    const module = siblingModule(import.meta.url, './slow-write-worker');
    this.#slow = new WorkerPool({ name: 'cgroup limits', module, size: 4, idleMs: 5000, onStuck });
  }

  /**
   * The signal ends the wait only: a write that the kernel holds up in reclaim cannot be taken back, and the next
   * update of the same cgroup queues behind it. Errors: `invalid_argument` for values no kernel takes, `not_found`
   * for an absent cgroup, `failed_precondition` for what does not fit this host, its parent or what is in use.
   */
  async update(path: CgroupPath, resources: Resources, signal: AbortSignal): Promise<void> {
    checkResources(resources);
    const held = await this.#locks.acquire(path, signal);
    const work = this.#apply(path, resources).finally(() => held[Symbol.dispose]());
    await waitFor(work, signal);
  }

  async #apply(path: CgroupPath, resources: Resources): Promise<void> {
    if (!groupExists(this.#layout, path)) throw fail('not_found', `update cgroup ${path}: no such cgroup`);
    checkHonoured(this.#layout, path, resources);
    const done: PathWrite[] = [];
    const meant = this.#meant(path, resources);
    const writeAll = async () => {
      for (const write of this.#plan(path, resources)) {
        const before = await this.#write(write);
        if (before !== undefined) done.push({ ...write, value: before });
      }
    };
    try {
      await writeAll();
      // systemd rounds a quota, and knows of some files nothing but their default.
      if (await this.#keepLimits(path, meant, AbortSignal.timeout(slowWriteMs))) await writeAll();
    } catch (error) {
      const failures = await this.#putBack(path, done);
      const failed = errorFrom(error);
      throw failures.length === 0
        ? failed
        : fail(
            failed.code,
            `${failed.message}; what was written before could not be put back: ${failures.join('; ')}`,
            error,
          );
    }
  }

  #plan(path: CgroupPath, resources: Resources): readonly PathWrite[] {
    const planned = this.#planned(path, resources);
    const unified = Object.entries(resources.unified ?? {});
    const raw: Write[] = unified.map(([file, value]) => ({ file, value, waits: true }));
    return withCopiedCpusets(this.#layout, path, [...planned, ...raw]);
  }

  #planned(path: CgroupPath, resources: Resources): readonly Write[] {
    const read = readerOf(this.#layout, path);
    return allSides(this.#layout, this.#controllers).flatMap((side) => side.plan(resources, read));
  }

  /** What was given as the text of a file is read from there: the kernel understands more spellings of it than we do. */
  #meant(path: CgroupPath, resources: Resources): Meant {
    const written = this.#planned(path, resources).filter(({ file }) => resources.unified?.[file] === undefined);
    return new Map(written.map(({ file, value }) => [file, value]));
  }

  /** The value that was there before; undefined if nothing was written. */
  async #write(write: PathWrite): Promise<string | undefined> {
    const full = filePath(this.#layout, write.path, write.file);
    const before = full === undefined ? undefined : readerOf(this.#layout, write.path)(write.file)?.trim();
    if (full === undefined || before === undefined) {
      if (write.optional) return undefined;
      throw fail('failed_precondition', `set ${write.file} of cgroup ${write.path}: this host has no such file here`);
    }
    if (before === write.value) return undefined;
    try {
      if (write.waits)
        await this.#slow.call('write', { path: full, value: write.value }, AbortSignal.timeout(slowWriteMs));
      else writeText(full, write.value);
    } catch (error) {
      throw writeError(write, error);
    }
    return before;
  }

  async #putBack(path: CgroupPath, done: readonly PathWrite[]): Promise<readonly string[]> {
    const failures: string[] = [];
    const attempt = async (work: Promise<unknown>) => {
      await work.catch((error: unknown) => failures.push(messageOf(error)));
    };
    for (const write of done.toReversed()) await attempt(this.#write(write));
    const before = new Map(done.filter((write) => write.path === path).map(({ file, value }) => [file, value]));
    if (done.length > 0) await attempt(this.#keepLimits(path, before, AbortSignal.timeout(slowWriteMs)));
    return failures;
  }
}

/** What an errno of such a write means. */
const refusals: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  EBUSY: ['failed_precondition', 'more than that is in use, here or below'],
  EINVAL: ['invalid_argument', 'the kernel does not take it: the parent may allow less'],
  ERANGE: ['invalid_argument', 'the kernel does not take it: it is out of range'],
  EACCES: ['failed_precondition', 'the parent does not have it to give'],
  ENOSPC: ['failed_precondition', 'the parent does not have it to give'],
  ENOENT: ['not_found', 'the cgroup has gone'],
  ENODEV: ['not_found', 'the cgroup has gone'],
};

function writeError(write: PathWrite, error: unknown): CricketError {
  const errno = errnoOf(error);
  const what = `set ${write.file} of cgroup ${write.path} to ${JSON.stringify(write.value)}: ${errno ?? String(error)}`;
  const known = refusals[errno ?? ''];
  return known === undefined ? errorFrom(error, what) : fail(known[0], `${what}, ${known[1]}`, error);
}
