import { posix } from 'node:path';
import { fail } from '../../../base/errors.ts';
import { defaultMounts } from './default-mounts.ts';
import { checkText } from './text.ts';
import type { BindMount, SpecInput } from './input.ts';
import type { OciMount } from './oci.ts';

/**
 * Defaults, then the pod's and the container's, parents before children. A mount of the container replaces
 * the pod's and the default at that place, and the defaults beneath it: they would only be hidden.
 * Errors: `invalid_argument` for a mount over `/` and for recursive read-only with what it excludes.
 */
export function mountSection(input: SpecInput): readonly OciMount[] {
  const own = input.mounts.map((mount) => bindMount(input.id, mount));
  const taken = new Set(own.map((mount) => mount.destination));
  const pod = input.podMounts.map((mount) => bindMount(input.id, mount)).filter((m) => !taken.has(m.destination));
  const binds = [...pod, ...own].sort((a, b) => depth(a) - depth(b));
  const defaults = defaultMounts(input).filter(
    (mount) => !binds.some((bind) => isWithin(mount.destination, bind.destination)),
  );
  return [...defaults, ...binds];
}

/**
 * The mount that everything hangs on must let events through if any mount wants them: the runtime makes it
 * private otherwise.
 */
export function rootfsPropagation(input: Pick<SpecInput, 'mounts'>): string | undefined {
  const wanted = new Set(input.mounts.map((mount) => mount.propagation));
  if (wanted.has('rshared')) return 'rshared';
  return wanted.has('rslave') ? 'rslave' : undefined;
}

function bindMount(id: string, mount: BindMount): OciMount {
  checkText(id, 'a mount path', mount.hostPath + mount.containerPath);
  const destination = normalize(mount.containerPath);
  if (destination === '/') throw fail('invalid_argument', `container ${id}: cannot mount ${mount.hostPath} over /`);
  checkRecursiveReadonly(id, mount);
  const propagation = mount.propagation === 'private' ? 'rprivate' : mount.propagation;
  return {
    destination,
    type: 'bind',
    source: mount.hostPath,
    options: ['rbind', propagation, accessOf(mount), ...mount.options],
    ...(mount.uidMappings.length > 0 ? { uidMappings: mount.uidMappings } : {}),
    ...(mount.gidMappings.length > 0 ? { gidMappings: mount.gidMappings } : {}),
  };
}

function accessOf(mount: BindMount): string {
  if (!mount.readonly) return 'rw';
  // crun 1.8 fails on `rro` of a file, where it means the same as `ro`.
  return mount.recursiveReadonly && mount.directory !== false ? 'rro' : 'ro';
}

/** KEP-3857: a mount that lets events through could gain a writable submount afterwards. */
function checkRecursiveReadonly(id: string, mount: BindMount): void {
  if (!mount.recursiveReadonly) return;
  const where = `container ${id}: mount ${mount.containerPath}`;
  if (!mount.readonly) throw fail('invalid_argument', `${where}: recursive read-only needs read-only`);
  if (mount.propagation !== 'private')
    throw fail('invalid_argument', `${where}: recursive read-only needs private propagation`);
}

/** Absolute, without `.`, `..`, doubled or trailing slashes. */
function normalize(path: string): string {
  const clean = posix.normalize(`/${path}`);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
}

const depth = (mount: OciMount) => mount.destination.split('/').length;
const isWithin = (path: string, parent: string) => path === parent || path.startsWith(`${parent}/`);
