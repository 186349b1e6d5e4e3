import { errnoOf, fail } from '../base/errors.ts';
import type { CricketError, ErrorCode } from '../base/errors.ts';
import { directoryTree, readText, writeText } from './files.ts';
import { directoryIn, memberHierarchy } from './group.ts';
import type { Hierarchy, Layout } from './layout.ts';
import type { CgroupPath } from './path.ts';

/**
 * Process ids in the cgroup and all below it, as the hierarchy in which they count says. Zombies are not among them:
 * the kernel leaves dying processes out (since 5.2 in v1 too). An absent cgroup has none.
 */
export function membersOf(layout: Layout, path: CgroupPath): readonly number[] {
  const hierarchy = memberHierarchy(layout);
  return hierarchy === undefined ? [] : membersIn(hierarchy, path);
}

/** The same from every hierarchy: whatever could keep any part of the cgroup from being removed. */
export function membersAnywhere(layout: Layout, path: CgroupPath): readonly number[] {
  return [...new Set(layout.hierarchies.flatMap((hierarchy) => membersIn(hierarchy, path)))];
}

/**
 * The file is opened afresh on purpose: v1 answers from a list made when it was first read through a descriptor.
 * A 0 is a process that this PID namespace does not see; nothing can be done to it from here.
 */
function membersIn(hierarchy: Hierarchy, path: CgroupPath): readonly number[] {
  return directoryTree(directoryIn(hierarchy, path)).flatMap((directory) =>
    (readText(`${directory}/cgroup.procs`) ?? '')
      .split('\n')
      .map(Number)
      .filter((pid) => pid > 0),
  );
}

/** Moves a process, all its threads, in every hierarchy. Errors: `not_found` for an absent process or cgroup. */
export function moveProcess(layout: Layout, pid: number, path: CgroupPath): void {
  for (const hierarchy of layout.hierarchies) {
    const file = `${directoryIn(hierarchy, path)}/cgroup.procs`;
    try {
      writeText(file, `${pid}`);
    } catch (error) {
      throw moveError(error, pid, file);
    }
  }
}

const refusals: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ESRCH: ['not_found', 'the process has ended'],
  ENOENT: ['not_found', 'create the cgroup first'],
  ENODEV: ['not_found', 'create the cgroup first'],
  EBUSY: ['failed_precondition', 'a cgroup that passes controllers on to children takes no process'],
  ENOSPC: ['failed_precondition', 'its cpuset is empty'],
};

function moveError(error: unknown, pid: number, file: string): CricketError {
  const errno = errnoOf(error);
  const what = `move process ${pid} to ${file}: ${errno ?? String(error)}`;
  const [code, why] = refusals[errno ?? ''] ?? ['internal', 'unexpected'];
  return fail(code, `${what}, ${why}`, error);
}
