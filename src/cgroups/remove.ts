import { rmdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { sleep } from '../base/abort.ts';
import { errnoOf, fail } from '../base/errors.ts';
import { absentErrnos, directoryTree } from './files.ts';
import { directoryIn } from './group.ts';
import { membersAnywhere } from './members.ts';
import type { Layout } from './layout.ts';
import type { CgroupPath } from './path.ts';

/** A process that has just died holds its cgroup for some hundred microseconds more. */
const firstPauseMs = 1;
const longestPauseMs = 100;

/**
 * Removes the cgroup and all below it from every hierarchy; something absent is fine. It does not kill: while
 * processes are in it, it waits. Errors: `deadline_exceeded` or `cancelled` with what holds it when the signal fires.
 */
export async function removeGroup(layout: Layout, path: CgroupPath, signal: AbortSignal): Promise<void> {
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
    if (await removeEverywhere(layout, path)) return;
    try {
      await sleep(pause, signal);
    } catch (error) {
      throw heldError(layout, path, error);
    }
  }
}

/** True when nothing is left. Other calls get their turn between two hierarchies: twenty removals at once add up. */
async function removeEverywhere(layout: Layout, path: CgroupPath): Promise<boolean> {
  let gone = true;
  for (const hierarchy of layout.hierarchies) {
    gone = tryRemove(directoryIn(hierarchy, path)) && gone;
    await setImmediate();
  }
  return gone;
}

/** Children first; true when nothing is left. The rest of the tree is tried too when a part of it is busy. */
function tryRemove(directory: string): boolean {
  let gone = true;
  for (const each of directoryTree(directory).toReversed()) {
    try {
      rmdirSync(each);
    } catch (error) {
      const errno = errnoOf(error);
      if (absentErrnos.has(errno)) continue;
      if (errno !== 'EBUSY' && errno !== 'ENOTEMPTY')
        throw fail('internal', `remove cgroup ${each}: ${errno ?? String(error)}`, error);
      gone = false;
    }
  }
  return gone;
}

function heldError(layout: Layout, path: CgroupPath, cause: unknown) {
  const pids = membersAnywhere(layout, path);
  const held =
    pids.length === 0
      ? 'no process is in it any more; try again'
      : `processes ${pids.slice(0, 10).join(', ')} are in it`;
  return fail('deadline_exceeded', `remove cgroup ${path}: still busy, ${held}`, cause);
}
