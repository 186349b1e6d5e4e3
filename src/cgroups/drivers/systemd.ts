import { fail } from '../../base/errors.ts';
import { parseCgroupPath } from '../path.ts';
import type { CgroupPath } from '../path.ts';

/**
 * The systemd driver's spelling of a parent: one slice unit, its ancestors in its name:
 * `kubepods-burstable-pod1.slice` (systemd.slice(5)).
 */
export function isSliceName(text: string): boolean {
  return text.endsWith('.slice');
}

/** How the cgroupfs driver would spell a slice: `/kubepods/burstable/pod1`. For messages only. */
export function sliceAsPath(text: string): string {
  const leaf = text.slice(text.lastIndexOf('/') + 1, -'.slice'.length);
  return `/${leaf.split('-').join('/')}`;
}

/** How the systemd driver would spell a path: `kubepods-burstable-pod1.slice`. For messages only. */
function pathAsSlice(text: string): string {
  const names = text.split('/').filter((name) => name !== '');
  return `${names.map((name) => name.replaceAll('-', '_')).join('-')}.slice`;
}

/** What systemd takes for a unit's name (unit-name.c); a dash only parts a slice from the one above it. */
const sliceName = /^[A-Za-z0-9:_.\\]+(-[A-Za-z0-9:_.\\]+)*\.slice$/;
const longestUnitName = 255;

/** `/a.slice/a-b.slice/a-b-c.slice` for `a-b-c.slice`: where systemd keeps it. Errors: `invalid_argument`. */
export function expandSlice(name: string): CgroupPath {
  if (!sliceName.test(name) || name.length > longestUnitName)
    throw fail(
      'invalid_argument',
      `cgroup parent ${JSON.stringify(name.slice(0, 120))} is no name of a slice; give one such as kubepods-pod1.slice`,
    );
  const parts = name.slice(0, -'.slice'.length).split('-');
  const slices = parts.map((_, index) => `${parts.slice(0, index + 1).join('-')}.slice`);
  return parseCgroupPath(`/${slices.join('/')}`);
}

/**
 * A parent as a kubelet with `cgroupDriver: systemd` names it: the slice with its path, or its name alone. Errors:
 * `invalid_argument`, also for the cgroupfs driver's spelling: no unit can be made there, and systemd would take the
 * controllers away from what is made without it.
 */
export function parseSystemdParent(given: string): CgroupPath {
  const shown = JSON.stringify(given.slice(0, 120));
  const text = given.replace(/\/+$/, '');
  if (!isSliceName(text))
    throw fail(
      'invalid_argument',
      `cgroup parent ${shown} is no slice, but the cgroup driver here is systemd, which spells it ` +
        `${pathAsSlice(text.slice(0, 120))}; give kubelet and runtime the same cgroup driver`,
    );
  const expanded = expandSlice(text.slice(text.lastIndexOf('/') + 1));
  const isPath = text.includes('/');
  if (isPath && text.lastIndexOf('/') > 0 && parseCgroupPath(text) !== expanded)
    throw fail('invalid_argument', `cgroup parent ${shown} is not where systemd keeps that slice: ${expanded}`);
  return expanded;
}

/** A cgroup that systemd made, and keeps the limits of. */
export interface Unit {
  readonly kind: 'slice' | 'scope';
  readonly name: string;
  /** The slice that it is in; undefined: the root. */
  readonly slice: string | undefined;
}

/** The unit that has this cgroup, by its name; what is inside of a scope is the container's own. */
export function unitOf(path: CgroupPath): Unit | undefined {
  const [name = '', slice = ''] = path.split('/').toReversed();
  const kind = isSliceName(name) ? 'slice' : name.endsWith('.scope') ? 'scope' : undefined;
  if (kind === undefined || (slice !== '' && !isSliceName(slice))) return undefined;
  return { kind, name, slice: slice === '' ? undefined : slice };
}

/** `<runtime>-<id>.scope`, where the tools of the field look for containers. */
const scopePrefix = 'cricket';

/** The cgroup of a container, or of a pod's init, below its pod's: a scope if that is a slice. */
export function containerPath(parent: CgroupPath, id: string): CgroupPath {
  return parseCgroupPath(`${parent}/${isSliceName(parent) ? `${scopePrefix}-${id}.scope` : id}`);
}

/** Whether this is the cgroup of the container of that id. */
export function isOfContainer(path: string, id: string): boolean {
  return path.endsWith(`/${id}`) || path.endsWith(`/${scopePrefix}-${id}.scope`);
}

/** `linux.cgroupsPath` of an OCI specification: `slice:prefix:name` has the runtime ask systemd for a scope. */
export function toCgroupsPath(path: CgroupPath): string {
  const unit = unitOf(path);
  if (unit?.kind !== 'scope' || unit.slice === undefined) return path;
  return `${unit.slice}:${scopePrefix}:${unit.name.slice(scopePrefix.length + 1, -'.scope'.length)}`;
}

/** The cgroup that a `linux.cgroupsPath` of ours means; undefined: none of ours. */
export function fromCgroupsPath(text: string): CgroupPath | undefined {
  if (text.startsWith('/')) return text as CgroupPath;
  const [, slice = '', id = ''] = /^([^:]+\.slice):cricket:([^:]+)$/.exec(text) ?? [];
  return sliceName.test(slice) ? containerPath(expandSlice(slice), id) : undefined;
}

/** A child of the configured parent: a slice below a slice, where dashes would mean more of them. */
export function childOf(parent: CgroupPath, name: string): CgroupPath {
  if (!isSliceName(parent)) return parseCgroupPath(`${parent}/${name}`);
  const stem = parent.slice(parent.lastIndexOf('/') + 1, -'.slice'.length);
  return expandSlice(`${stem}-${name.replaceAll('-', '_')}.slice`);
}

/** The name that `childOf` was given, from that of the child's directory. */
export function nameOfChild(parent: CgroupPath, directory: string): string | undefined {
  if (!isSliceName(parent)) return directory;
  const stem = `${parent.slice(parent.lastIndexOf('/') + 1, -'.slice'.length)}-`;
  if (!directory.startsWith(stem) || !isSliceName(directory)) return undefined;
  return directory.slice(stem.length, -'.slice'.length).replaceAll('_', '-');
}
