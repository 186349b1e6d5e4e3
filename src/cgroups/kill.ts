import { sleep } from '../base/abort.ts';
import { errnoOf, fail } from '../base/errors.ts';
import { absentErrnos, directoryTree, readText, writeText } from './files.ts';
import { directoryIn } from './group.ts';
import { membersAnywhere } from './members.ts';
import type { Layout } from './layout.ts';
import type { CgroupPath } from './path.ts';

const firstPauseMs = 1;
const longestPauseMs = 50;
/** After so many rounds something in there forks faster than it is killed: stop it first. */
const freezeAfter = 3;

/**
 * SIGKILL to every process in the cgroup and below it, until none is left; zombies do not count. An absent cgroup is
 * fine. Errors: `deadline_exceeded` naming the survivors when the signal fires (uninterruptible sleep, mostly).
 */
export async function killGroup(layout: Layout, path: CgroupPath, signal: AbortSignal): Promise<void> {
  let pause = firstPauseMs;
  for (let round = 0; ; round++) {
    const pids = killRound(layout, path, round >= freezeAfter);
    if (pids.length === 0) return;
    try {
      await sleep(pause, signal);
    } catch (error) {
      const some = pids.slice(0, 10).join(', ');
      throw fail('deadline_exceeded', `kill cgroup ${path}: processes ${some} survive SIGKILL`, error);
    }
    pause = Math.min(pause * 2, longestPauseMs);
  }
}

/** Gives back whom it found. */
function killRound(layout: Layout, path: CgroupPath, freeze: boolean): readonly number[] {
  // cgroup.kill (Linux 5.14) covers the subtree at once, forks in flight and frozen tasks included.
  if (layout.unified !== undefined) writeIfThere(`${directoryIn(layout.unified, path)}/cgroup.kill`, '1');
  if (freeze) setFreezer(layout, path, 'FROZEN');
  const pids = membersAnywhere(layout, path);
  for (const pid of pids) killProcess(pid);
  // A frozen v1 task acts on no signal, not even this one: whoever froze it, thaw it.
  if (pids.length > 0) setFreezer(layout, path, 'THAWED');
  return pids;
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw fail('internal', `kill process ${pid}: ${errnoOf(error) ?? ''}`, error);
  }
}

/** cgroup-v1/freezer-subsystem.rst. Freezing covers the subtree; a child frozen by itself must be thawed by itself. */
function setFreezer(layout: Layout, path: CgroupPath, state: 'FROZEN' | 'THAWED'): void {
  const home = layout.homes.get('freezer');
  if (home === undefined) return;
  for (const directory of directoryTree(directoryIn(home, path))) {
    const file = `${directory}/freezer.state`;
    if (state === 'FROZEN' || readText(file)?.trim() !== state) writeIfThere(file, state);
  }
}

function writeIfThere(file: string, value: string): void {
  try {
    writeText(file, value);
  } catch (error) {
    if (!absentErrnos.has(errnoOf(error))) throw fail('internal', `write ${file}: ${errnoOf(error) ?? ''}`, error);
  }
}
