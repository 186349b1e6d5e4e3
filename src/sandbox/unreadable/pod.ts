import { allEnded } from '../../base/all-ended.ts';
import { withTimeout } from '../../base/abort.ts';
import type { PodId } from '../../base/ids.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import { removeContainer } from '../container/remove.ts';
import { stopContainer } from '../container/stop.ts';
import { deleteContainer } from '../oci/runtime.ts';
import { ownPodCgroup } from '../pod/cgroups.ts';
import type { Unreadable } from '../store/unreadable.ts';
import { removeUnreadableContainer, stopUnreadableContainer, unreadableIn } from './container.ts';
import type { UnreadableParts } from './container.ts';

const stopTimeoutMs = 30_000;
const removeTimeoutMs = 60_000;

/** Ends all containers that are known to be its, and gives back its network and namespaces. */
export async function stopUnreadablePod(
  parts: UnreadableParts,
  object: Unreadable,
  signal: AbortSignal,
): Promise<void> {
  const id = object.id as PodId;
  const limit = withTimeout(AbortSignal.any([parts.lifetime, signal]), stopTimeoutMs);
  const group = cgroupOf(parts, object);
  const unknown = await unreadableIn(parts, id, group);
  await allEnded([
    ...parts.store.containersOf(id).map((container) => stopContainer(parts, container, 0, limit)),
    ...unknown.map((container) => stopUnreadableContainer(parts, container, 0, limit)),
  ]);
  await endInit(parts, object, limit);
  const at = parts.paths.pod(id);
  await parts.network.detach(id, limit);
  const pins = [at.net, at.ipc, at.uts, at.user];
  await parts.podCalls.call('unpinNamespaces', { pins, shm: at.shm }, limit);
}

/** The init of a shared PID namespace bears the id of the pod. */
async function endInit(parts: UnreadableParts, object: Unreadable, signal: AbortSignal): Promise<void> {
  const group = parts.cgroups.container(cgroupOf(parts, object), object.id);
  await parts.cgroups.kill(group, signal);
  for (const runtime of parts.runtimes.values()) await deleteContainer(parts.watcher, runtime, object.id);
  await parts.cgroups.remove(group, signal);
}

export async function removeUnreadablePod(
  parts: UnreadableParts,
  object: Unreadable,
  signal: AbortSignal,
): Promise<void> {
  const id = object.id as PodId;
  const limit = withTimeout(AbortSignal.any([parts.lifetime, signal]), removeTimeoutMs);
  await stopUnreadablePod(parts, object, limit);
  await allEnded(parts.store.containersOf(id).map((container) => removeContainer(parts, container, limit)));
  for (const container of await unreadableIn(parts, id, cgroupOf(parts, object)))
    await removeUnreadableContainer(parts, container, limit);
  // Ours alone: one that the kubelet made is the kubelet's.
  const own = ownPodCgroup(parts, id);
  await parts.cgroups.kill(own, limit);
  await parts.cgroups.remove(own, limit);
  const at = parts.paths.pod(id);
  for (const path of [at.runtime, at.directory]) await parts.disk.call('removeTree', path, limit);
  parts.store.unreadable.delete(id);
  parts.log.warn({ pod: id }, 'sandbox with an unreadable record removed');
}

const cgroupOf = (parts: UnreadableParts, { id, hints }: Unreadable): CgroupPath =>
  hints.cgroup === '' ? ownPodCgroup(parts, id as PodId) : (hints.cgroup as CgroupPath);
