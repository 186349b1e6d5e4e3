import { join } from 'node:path';
import { allEnded } from '../../base/all-ended.ts';
import { during, errnoOf, errorFrom, fail, messageOf } from '../../base/errors.ts';
import type { MountSource } from '../../linux/disk-worker.ts';
import type { BindMount } from '../oci/spec/input.ts';
import type { Parts } from '../parts.ts';
import type { PodRecord } from '../pod/record.ts';
import type { ContainerMount, ContainerRecord } from './record.ts';

/** Milliseconds a path that a user named may take to answer: below a dead NFS it never does. */
const pathTimeoutMs = 10_000;

/**
 * The container's mounts of host paths with their sources looked at: a missing one is made a directory, as Docker and the
 * field do. Errors: `invalid_argument` for a source that can neither be found nor made, or that cannot propagate
 * mounts as asked, `unavailable` for one whose file system does not answer.
 */
export async function resolveMounts(
  parts: Pick<Parts, 'hostPaths' | 'paths'>,
  { id, config }: ContainerRecord,
  pod: PodRecord,
  signal: AbortSignal,
): Promise<readonly BindMount[]> {
  const ofHost = config.mounts.filter((mount) => mount.image === undefined);
  const { shifted } = parts.paths.container(id);
  return allEnded(
    ofHost.map(async (mount, index) => {
      const found = await resolveMount(parts, mount, signal);
      if (mount.users === null || pod.pins.user === undefined) return found;
      const target = join(shifted, String(index));
      await shiftMount(parts, mount, { target, userNamespace: pod.pins.user }, signal);
      return { ...found, hostPath: target };
    }),
  );
}

async function resolveMount(
  parts: Pick<Parts, 'hostPaths'>,
  mount: ContainerMount,
  signal: AbortSignal,
): Promise<BindMount> {
  const { hostPath, containerPath, propagation } = mount;
  const { shared, directory } = await lookAt(parts, mount, signal);
  if (propagation === 'rshared' && !shared)
    throw fail(
      'invalid_argument',
      `mount source ${hostPath} for ${containerPath} is not on a shared mount, as bidirectional propagation needs; run mount --make-rshared on the mount it is on`,
    );
  return { ...mount, directory, uidMappings: [], gidMappings: [] };
}

/**
 * Shows it at `target` with the owners of a user namespace: done here and not by the OCI runtime, so that every one of
 * them has it, and its refusal is in our words.
 */
async function shiftMount(
  parts: Pick<Parts, 'hostPaths'>,
  { hostPath, containerPath }: ContainerMount,
  to: { readonly target: string; readonly userNamespace: string },
  signal: AbortSignal,
): Promise<void> {
  try {
    const mount = { source: hostPath, readonly: false, ...to };
    await parts.hostPaths.callWithin(pathTimeoutMs, 'mountShifted', mount, signal);
  } catch (error) {
    throw during(`mount source ${hostPath} for ${containerPath}`, error);
  }
}

async function lookAt(
  parts: Pick<Parts, 'hostPaths'>,
  { hostPath, containerPath }: ContainerMount,
  signal: AbortSignal,
): Promise<MountSource> {
  try {
    return await parts.hostPaths.callWithin(pathTimeoutMs, 'mountSource', hostPath, signal);
  } catch (error) {
    const what = `mount source ${hostPath} for ${containerPath}`;
    if (errorFrom(error).code === 'deadline_exceeded' && !signal.aborted)
      throw fail('unavailable', `${what} does not answer; look at the file system it is on`, error);
    const errno = errnoOf(error);
    // No fault of the path's: the creation's own time is up, or the daemon ends.
    if (errno === undefined) throw during(what, error);
    throw fail(
      errno === 'ENOSPC' ? 'resource_exhausted' : 'invalid_argument',
      `${what} can neither be found nor made: ${whyNot[errno] ?? messageOf(error)}`,
      error,
    );
  }
}

/** What the user can mend of a path; the rest is told as the kernel has it. */
const whyNot: Readonly<Record<string, string>> = {
  ENOTDIR: 'a part of that path is a file; name another path',
  EROFS: 'its file system is read-only; name another path, or make it before',
  ELOOP: 'its symbolic links lead in a circle; name another path',
  ENOSPC: 'its file system is full; make room there',
};
