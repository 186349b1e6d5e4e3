import { sleep } from '../base/abort.ts';
import { errnoOf, fail, messageOf } from '../base/errors.ts';
import { absentErrnos, directoryTree, readText, writeText } from './files.ts';
import { directoryIn } from './group.ts';
import type { Layout } from './layout.ts';
import type { CgroupPath } from './path.ts';

const pauseMs = 5;

/**
 * Holds every process in the cgroup and below it still; resolves once they are. Errors: `not_found` for an absent
 * cgroup, `deadline_exceeded` when the signal fires first (uninterruptible sleep, mostly), and then it is thawed again.
 */
export async function freezeGroup(layout: Layout, path: CgroupPath, signal: AbortSignal): Promise<void> {
  try {
    // A fork in flight can keep a v1 cgroup FREEZING until it is asked again (cgroup-v1/freezer-subsystem.rst).
    while (ask(layout, path, true)) {
      if (isFrozen(layout, path)) return;
      await sleep(pauseMs, signal);
    }
    throw fail('not_found', `freeze cgroup ${path}: it has no freezer here`);
  } catch (error) {
    thawGroup(layout, path);
    if (!signal.aborted) throw error;
    throw fail('deadline_exceeded', `freeze cgroup ${path}: not all its processes hold still`, error);
  }
}

/** Lets everything in the cgroup and below it go on, whoever froze it. An absent cgroup is fine. */
export function thawGroup(layout: Layout, path: CgroupPath): void {
  ask(layout, path, false);
}

/** Whether all its processes are held still. False for an absent cgroup. */
export function isFrozen(layout: Layout, path: CgroupPath): boolean {
  const home = layout.homes.get('freezer');
  if (home !== undefined) return readText(`${directoryIn(home, path)}/freezer.state`)?.trim() === 'FROZEN';
  if (layout.unified === undefined) return false;
  return /^frozen 1$/m.test(readText(`${directoryIn(layout.unified, path)}/cgroup.events`) ?? '');
}

/** v1's freezer where there is one, else that of the v2 tree (cgroup-v2.rst, cgroup.freeze). False: it is not there. */
function ask(layout: Layout, path: CgroupPath, frozen: boolean): boolean {
  if (layout.homes.has('freezer')) return setFreezer(layout, path, frozen ? 'FROZEN' : 'THAWED');
  if (layout.unified === undefined) return false;
  return writeIfThere(`${directoryIn(layout.unified, path)}/cgroup.freeze`, frozen ? '1' : '0');
}

/**
 * cgroup-v1/freezer-subsystem.rst. Freezing covers the subtree; a child frozen by itself must be thawed by itself.
 * False where the cgroup or v1's freezer is absent.
 */
export function setFreezer(layout: Layout, path: CgroupPath, state: 'FROZEN' | 'THAWED'): boolean {
  const home = layout.homes.get('freezer');
  if (home === undefined) return false;
  const top = directoryIn(home, path);
  const directories = state === 'FROZEN' ? [top] : directoryTree(top);
  let there = false;
  for (const directory of directories) {
    const file = `${directory}/freezer.state`;
    if (state === 'FROZEN' || readText(file)?.trim() !== state) there = writeIfThere(file, state) || there;
  }
  return there;
}

/** False where it is absent. Errors: `internal` with the file's name. */
export function writeIfThere(file: string, value: string): boolean {
  try {
    writeText(file, value);
    return true;
  } catch (error) {
    if (absentErrnos.has(errnoOf(error))) return false;
    throw fail('internal', `write ${file}: ${errnoOf(error) ?? messageOf(error)}`, error);
  }
}
