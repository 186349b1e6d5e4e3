import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '../../../base/abort.ts';
import { makePrivateDirectory } from '../../../base/checkpoint.ts';
import { fail } from '../../../base/errors.ts';
import type { PodId } from '../../../base/ids.ts';
import { startTimeOf } from '../../../linux/pidfd.ts';
import type { Child } from '../../../linux/process.ts';
import { killGroup } from '../../../linux/run-bounded.ts';

/** Milliseconds between looks at a plugin that was killed, and how many looks before it is given up. */
const pauseMs = 20;
const looks = 250;

/**
 * Which plugin runs for which pod, written down before the plugin gets its input. A plugin outlives a daemon that was
 * killed, and would take an address after the DEL of the next daemon: so that one ends it first.
 */
export class RunningPlugins {
  readonly #directory: string;
  /** Pods for which an earlier daemon ran a plugin. */
  readonly #inherited: Set<string>;
  /** Those of this daemon. */
  readonly #noted = new Set<string>();

  private constructor(directory: string, inherited: readonly string[]) {
    this.#directory = directory;
    this.#inherited = new Set(inherited);
  }

  /**
   * `directory` ends with a reboot, as processes do. `owes`: whether anything is owed to plugins for a pod; where nothing
   * is, its last one has ended, and only the note outlived that.
   */
  static async open(directory: string, owes: (pod: string) => boolean): Promise<RunningPlugins> {
    await makePrivateDirectory(directory);
    const names = await readdir(directory);
    await Promise.all(names.filter((name) => !owes(name)).map(async (name) => rm(join(directory, name))));
    return new RunningPlugins(directory, names.filter(owes));
  }

  async note(pod: PodId, { pid }: Child): Promise<void> {
    this.#noted.add(pod);
    await writeFile(join(this.#directory, pod), `${pid} ${startTimeOf(pid) ?? ''}`, { mode: 0o600 });
  }

  /** None of it runs any more. */
  async clear(pod: PodId): Promise<void> {
    for (const path of this.obsolete(pod)) await rm(path, { force: true });
  }

  /** The same for who removes files anyway, and does so before the pod's next plugin runs: these. */
  obsolete(pod: PodId): readonly string[] {
    return this.#noted.delete(pod) ? [join(this.#directory, pod)] : [];
  }

  /** Ends the one of an earlier daemon, with all its children. Errors: `unavailable` when the kernel does not let it go. */
  async endInherited(pod: PodId, signal: AbortSignal): Promise<void> {
    if (!this.#inherited.has(pod)) return;
    const text = await readFile(join(this.#directory, pod), 'utf8').catch(() => '');
    const [pid = 0, start = 0] = text.split(' ').map(Number);
    const lives = () => pid > 0 && startTimeOf(pid) === String(start);
    for (let left = looks; lives(); left--) {
      if (left === 0)
        throw fail('unavailable', `process ${pid}, a CNI plugin of an earlier daemon, was killed and does not end`);
      killGroup(pid);
      await sleep(pauseMs, signal);
    }
    await rm(join(this.#directory, pod), { force: true });
    this.#inherited.delete(pod);
  }
}
