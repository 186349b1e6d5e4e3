import { sleep } from '../base/abort.ts';
import { errnoOf, fail } from '../base/errors.ts';
import { setFreezer, writeIfThere } from './freezer.ts';
import { directoryIn } from './group.ts';
import { membersAnywhere, membersOf } from './members.ts';
import type { Layout } from './layout.ts';
import type { CgroupPath } from './path.ts';

const firstPauseMs = 1;
const longestPauseMs = 50;
/** New processes after so many rounds: something in there forks faster than it is killed. */
const freezeAfter = 3;

/**
 * SIGKILL to every process in the cgroup and below it, until none is left; zombies do not count. An absent cgroup is
 * fine. Errors: `deadline_exceeded` naming the survivors when the signal fires (uninterruptible sleep, mostly).
 */
export async function killGroup(layout: Layout, path: CgroupPath, signal: AbortSignal): Promise<void> {
  let pause = firstPauseMs;
  let known: ReadonlySet<number> = new Set();
  for (let round = 0; ; round++) {
    const pids = killRound(layout, path);
    if (pids.length === 0) return;
    if (round >= freezeAfter && pids.some((pid) => !known.has(pid))) killFrozen(layout, path);
    known = new Set(pids);
    try {
      await sleep(pause, signal);
    } catch (error) {
      const some = pids.slice(0, 10).join(', ');
      throw fail('deadline_exceeded', `kill cgroup ${path}: processes ${some} survive SIGKILL`, error);
    }
    pause = Math.min(pause * 1.5, longestPauseMs);
  }
}

/** Gives back whom it found. Only when nobody is left where members count are the other hierarchies asked. */
function killRound(layout: Layout, path: CgroupPath): readonly number[] {
  // cgroup.kill (Linux 5.14) covers the subtree at once, forks in flight and frozen tasks included.
  if (layout.unified !== undefined) writeIfThere(`${directoryIn(layout.unified, path)}/cgroup.kill`, '1');
  const pids = membersOf(layout, path);
  const all = pids.length > 0 ? pids : membersAnywhere(layout, path);
  for (const pid of all) killProcess(pid);
  // A frozen v1 task acts on no signal, not even this one: whoever froze it, thaw it.
  if (all.length > 0) setFreezer(layout, path, 'THAWED');
  return all;
}

/** v1 has no way to kill at once: what forks faster than it is listed must hold still for it. */
function killFrozen(layout: Layout, path: CgroupPath): void {
  setFreezer(layout, path, 'FROZEN');
  for (const pid of membersAnywhere(layout, path)) killProcess(pid);
  setFreezer(layout, path, 'THAWED');
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw fail('internal', `kill process ${pid}: ${errnoOf(error) ?? ''}`, error);
  }
}
