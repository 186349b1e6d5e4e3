import { mkdirSync } from 'node:fs';
import { errnoOf, fail } from '../base/errors.ts';
import type { CricketError } from '../base/errors.ts';
import { controllerNames } from './controllers.ts';
import { readText, writeText } from './files.ts';
import { directoryIn } from './group.ts';
import type { Hierarchy, Layout } from './layout.ts';
import type { CgroupPath } from './path.ts';
import { prefixes } from './path.ts';

/**
 * Makes the cgroup and its missing parents in every hierarchy, named and v2 ones of a hybrid machine included: OCI
 * runtimes make and look for their cgroups in all of them. On v2 the controllers are enabled for it on the way down.
 * What exists stays as it is. A failure may leave a part: remove takes it away. Errors: `failed_precondition` where a
 * parent holds processes (v2), `resource_exhausted` at the kernel's limits.
 *
 * memory.use_hierarchy needs no write: it is always 1 since Linux 5.11.
 */
export function createGroup(layout: Layout, path: CgroupPath): void {
  for (const hierarchy of layout.hierarchies) {
    if (hierarchy.version === 'v2') createV2(hierarchy, path);
    else createV1(hierarchy, path);
  }
}

/**
 * Makes a child of an existing cgroup that may itself hold processes, for an exec. On v2 no controller is enabled for
 * it, as a cgroup with processes could not pass one on: it groups processes, the parent goes on limiting and counting.
 */
export function createSubgroup(layout: Layout, path: CgroupPath): void {
  for (const hierarchy of layout.hierarchies) {
    makeDirectory(directoryIn(hierarchy, path));
    if (hierarchy.version === 'v1' && hierarchy.controllers.has('cpuset')) copyCpuset(hierarchy, path);
  }
}

function createV1(hierarchy: Hierarchy, path: CgroupPath): void {
  for (const prefix of prefixes(path)) makeDirectory(directoryIn(hierarchy, prefix));
  if (hierarchy.controllers.has('cpuset')) copyCpuset(hierarchy, path);
}

/** A new v1 cpuset is empty, and an empty one takes no process (cgroup-v1/cpusets.rst, 1.4): fill it from above. */
function copyCpuset(hierarchy: Hierarchy, path: CgroupPath): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const own = `${directoryIn(hierarchy, path)}/${file}`;
    const parent = readText(`${directoryIn(hierarchy, path)}/../${file}`)?.trim();
    // The usual case, and the fast one for an exec: only the last one is new.
    if (parent !== undefined && parent !== '') fill(own, parent);
    else for (const prefix of prefixes(path)) fillFromParent(directoryIn(hierarchy, prefix), file);
  }
}

function fillFromParent(directory: string, file: string): void {
  fill(`${directory}/${file}`, readText(`${directory}/../${file}`)?.trim() ?? '');
}

function fill(file: string, value: string): void {
  if (value !== '' && readText(file)?.trim() === '') writeText(file, value);
}

function createV2(hierarchy: Hierarchy, path: CgroupPath): void {
  let parent = hierarchy.dir;
  for (const prefix of prefixes(path)) {
    enableControllers(parent);
    parent = directoryIn(hierarchy, prefix);
    makeDirectory(parent);
  }
}

/** Writes only what is missing: each write of cgroup.subtree_control walks the subtree under cgroup_mutex. */
function enableControllers(directory: string): void {
  const here = words(readText(`${directory}/cgroup.controllers`));
  const enabled = words(readText(`${directory}/cgroup.subtree_control`));
  const missing = controllerNames.filter((name) => here.has(name) && !enabled.has(name));
  if (missing.length === 0) return;
  try {
    writeText(`${directory}/cgroup.subtree_control`, missing.map((name) => `+${name}`).join(' '));
  } catch (error) {
    throw enableError(error, directory, missing.join(', '));
  }
}

function words(text: string | undefined): ReadonlySet<string> {
  return new Set((text ?? '').trim().split(' '));
}

function enableError(error: unknown, directory: string, missing: string): CricketError {
  const what = `enable ${missing} below cgroup ${directory}: ${errnoOf(error) ?? String(error)}`;
  const why: Record<string, string> = {
    EBUSY: 'it holds processes itself; move them to a child, or name another parent',
    EOPNOTSUPP: 'it is threaded; name a parent whose cgroup.type is domain',
    ENOENT: 'a parent has withdrawn the controller',
  };
  const hint = why[errnoOf(error) ?? ''];
  return fail(
    hint === undefined ? 'internal' : 'failed_precondition',
    hint === undefined ? what : `${what}, ${hint}`,
    error,
  );
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EEXIST') return;
    const what = `create cgroup ${directory}: ${errno ?? String(error)}`;
    if (errno === 'EAGAIN' || errno === 'ENOSPC' || errno === 'ENOMEM')
      throw fail('resource_exhausted', `${what}, the kernel's limit of cgroups is reached; remove unused ones`, error);
    if (errno === 'ENOENT') throw fail('not_found', `${what}, its parent is absent`, error);
    throw fail('internal', what, error);
  }
}
