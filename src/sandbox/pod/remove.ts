import { allEnded } from '../../base/all-ended.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import { removeContainer } from '../container/remove.ts';
import type { RemoveParts } from '../container/remove.ts';
import type { Pod } from '../store/store.ts';
import { removeUnreadableContainer, unreadableIn } from '../unreadable/container.ts';
import { stopPod } from './stop.ts';
import { removePodCgroup } from './cgroups.ts';
import type { StopPodParts } from './stop.ts';

export type RemovePodParts = StopPodParts & RemoveParts;

const removeTimeoutMs = 60_000;

/** Ends and deletes a sandbox with everything in it. Idempotent; needs no write, so a full disk can be cleaned. */
export async function removePod(parts: RemovePodParts, pod: Pod, signal: AbortSignal): Promise<void> {
  await parts.flights.join(`remove ${pod.record.id}`, () => removeNow(parts, pod), signal);
}

async function removeNow(parts: RemovePodParts, pod: Pod): Promise<void> {
  const { record } = pod;
  const signal = AbortSignal.any([parts.lifetime, AbortSignal.timeout(removeTimeoutMs)]);
  await stopPod(parts, pod, signal);
  const containers = parts.store.containersOf(record.id);
  await allEnded(containers.map((container) => removeContainer(parts, container, signal)));
  for (const container of await unreadableIn(parts, record.id, record.cgroup as CgroupPath))
    await removeUnreadableContainer(parts, container, signal);
  parts.reach('remove-pod:containers');
  using _held = await parts.locks.acquire(record.id, signal);
  if (!parts.store.pods.has(record.id)) return;
  await pod.note({ kind: 'removing' });
  await removePodCgroup(parts, record, signal);
  parts.reach('remove-pod:cgroup');
  await parts.disk.call('unmountAndRemove', parts.paths.pod(record.id).runtime, signal);
  parts.reach('remove-pod:files');
  await parts.store.dropPod(record.id);
  parts.log.info({ pod: record.id }, 'sandbox removed');
}
