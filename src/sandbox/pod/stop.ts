import { allEnded } from '../../base/all-ended.ts';
import { writeFiles } from '../../base/plain-file.ts';
import { stopContainer } from '../container/stop.ts';
import type { StopParts } from '../container/stop.ts';
import type { Pod } from '../store/store.ts';
import { deletePodInit } from './init.ts';
import type { InitParts } from './init.ts';
import type { Parts } from '../parts.ts';
import { stopUnreadableContainer, unreadableIn } from '../unreadable/container.ts';
import type { UnreadableParts } from '../unreadable/container.ts';
import type { CgroupPath } from '../../cgroups/path.ts';

export type StopPodParts = StopParts &
  InitParts &
  UnreadableParts &
  Pick<Parts, 'disk' | 'flights' | 'lifetime' | 'locks' | 'log' | 'network' | 'podCalls' | 'reach'>;

/** Milliseconds until a stop that does not get on is given back as an error, to be tried again. */
const stopTimeoutMs = 60_000;

/**
 * Ends what still runs in a sandbox at once and gives back its network and namespaces. Idempotent; concurrent
 * stops are one. The signal ends the wait only.
 */
export async function stopPod(parts: StopPodParts, pod: Pod, signal: AbortSignal): Promise<void> {
  if (pod.state.kind === 'stopped' || pod.state.kind === 'removing') return;
  await parts.flights.join(`stop ${pod.record.id}`, () => stopNow(parts, pod), signal);
}

async function stopNow(parts: StopPodParts, pod: Pod): Promise<void> {
  const { id } = pod.record;
  const signal = AbortSignal.any([parts.lifetime, AbortSignal.timeout(stopTimeoutMs)]);
  using _held = await parts.locks.acquire(id, signal);
  if (pod.state.kind === 'stopped' || pod.state.kind === 'removing') return;
  await allEnded([pod.note({ kind: 'stopping' }), stopContainers(parts, pod, signal)]);
  parts.reach('stop-pod:containers');
  // Written while the rest is given back. On a full disk it is only noted.
  const stopped = pod.prepare({ kind: 'stopped' });
  const written = writeFiles(stopped.files).then(
    () => true,
    () => false,
  );
  await releasePod(parts, pod, signal);
  const committed = (await written) ? stopped.commit() : Promise.reject(new Error('not written'));
  await committed.catch(async () => pod.note({ kind: 'stopped' }));
  parts.reach('stop-pod:saved');
  parts.log.info({ pod: id }, 'sandbox stopped');
}

async function stopContainers(parts: StopPodParts, { record }: Pod, signal: AbortSignal): Promise<void> {
  const unreadable = await unreadableIn(parts, record.id, record.cgroup as CgroupPath);
  const all = [
    ...parts.store.containersOf(record.id).map((container) => stopContainer(parts, container, 0, signal)),
    ...unreadable.map((container) => stopUnreadableContainer(parts, container, 0, signal)),
  ];
  await allEnded(all);
}

/** Gives back what a sandbox holds in the kernel; each part may be gone already. */
export async function releasePod(parts: StopPodParts, pod: Pod, signal: AbortSignal): Promise<void> {
  const { record } = pod;
  await deletePodInit(parts, record, signal);
  if (record.pins.net !== undefined) await parts.network.detach(record.id, signal);
  parts.reach('stop-pod:network');
  const { shm } = parts.paths.pod(record.id);
  await parts.podCalls.call('unpinNamespaces', { pins: Object.values(record.pins), shm }, signal);
  parts.reach('stop-pod:namespaces');
}
