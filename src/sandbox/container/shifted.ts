import { chown, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from '../../base/errors.ts';
import type { Owner } from '../../linux/fds.ts';
import type { Shift, StagedShift } from '../../linux/shifted.ts';
import { keepsOnlyDirectory } from '../oci/runtime.ts';
import type { Parts } from '../parts.ts';
import { rootOf, shiftOf } from '../pod/user-namespaces.ts';
import type { Container } from '../store/store.ts';
import type { ContainerRecord } from './record.ts';
import { runtimeOf } from './release.ts';
import { isLive } from './state.ts';

/**
 * The directory of a container, which nobody else may enter: below it are its root file system and the programs with
 * setuid that are there (CVE-2021-41103). In a user namespace it is set up as that one's root, so by a group of its own.
 */
export async function makeBundle(bundle: string, shift: Shift | undefined): Promise<void> {
  await mkdir(dirname(bundle), { recursive: true, mode: 0o711 });
  await mkdir(bundle, { mode: 0o710 });
  if (shift !== undefined) await chown(bundle, 0, shift.root.gid);
}

/** 1:3, of /dev/null. */
const nullDevice = 0x103;

/**
 * What a container in a user namespace needs once it is made: its output is its own, or it could not open /dev/stdout
 * again, and the mounts it was made of, of which it has copies now, are taken off the host.
 */
export async function settleShifted(
  parts: Pick<Parts, 'disk' | 'paths' | 'runtimes' | 'settings'>,
  record: ContainerRecord,
  { shift, user, pid }: { readonly shift: Shift; readonly user: { uid: number; gid: number }; readonly pid: number },
  signal: AbortSignal,
): Promise<void> {
  const owner = { uid: shift.root.uid + user.uid, gid: shift.root.gid + user.gid };
  await Promise.all([0, 1, 2].map(async (fd) => giveStream(`/proc/${pid}/fd/${fd}`, owner)));
  // One that runs a virtual machine shows them to it from where they are.
  if (keepsOnlyDirectory(runtimeOf(parts, record.handler)))
    await parts.disk.call('unmountWithin', parts.paths.container(record.id).shifted, signal);
}

/**
 * The monitor's pipes become the container's. /dev/null is the whole host's, and crun gives that away too: it is taken
 * back before any program of the container runs. A terminal is the container's already.
 */
async function giveStream(path: string, { uid, gid }: { readonly uid: number; readonly gid: number }): Promise<void> {
  try {
    const found = await stat(path);
    if (found.isFIFO()) await chown(path, uid, gid);
    if (found.isCharacterDevice() && found.rdev === nullDevice && found.uid !== 0) await chown(path, 0, 0);
  } catch (error) {
    // One that was killed meanwhile has none.
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

export function staged(shift: Shift | undefined, staging: string): StagedShift | undefined {
  return shift === undefined ? undefined : { ...shift, staging };
}

/** Whose the streams of a container's programs are on the host; undefined where they are as everybody's. */
export function streamOwner({ store }: Pick<Parts, 'store'>, { record, state }: Container): Owner | undefined {
  const pod = store.pods.get(record.podId);
  if (pod === undefined || shiftOf(pod.record) === undefined || !isLive(state)) return undefined;
  const root = rootOf(pod.record.config);
  return { uid: root.uid + state.user.uid, gid: root.gid + state.user.gid };
}
