import { rm } from 'node:fs/promises';
import { withTimeout } from '../base/abort.ts';
import type { ContainerId, PodId } from '../base/ids.ts';
import { deleteContainer } from './oci/runtime.ts';
import type { Parts } from './parts.ts';
import type { Unreadable } from './store/store.ts';

export type UnreadableParts = Pick<
  Parts,
  'disk' | 'lifetime' | 'log' | 'network' | 'paths' | 'podCalls' | 'runtimes' | 'store' | 'watcher'
>;

const removeTimeoutMs = 60_000;

/** Removes an object whose record cannot be read, by what follows from its id alone. Unknown ids are fine. */
export async function removeUnreadable(parts: UnreadableParts, text: string, signal: AbortSignal): Promise<void> {
  const matches = [...parts.store.unreadable.values()].filter(({ id }) => id.startsWith(text));
  const [found] = matches;
  if (found === undefined || matches.length > 1) return;
  const deadline = withTimeout(AbortSignal.any([parts.lifetime, signal]), removeTimeoutMs);
  for (const runtime of parts.runtimes.values()) await deleteContainer(parts.watcher, runtime, found.id);
  await (found.kind === 'pod' ? removePodParts(parts, found, deadline) : removeContainerParts(parts, found, deadline));
  parts.store.unreadable.delete(found.id);
  parts.log.warn({ [found.kind]: found.id }, 'object with an unreadable record removed');
}

async function removeContainerParts(parts: UnreadableParts, { id }: Unreadable, signal: AbortSignal): Promise<void> {
  const at = parts.paths.container(id as ContainerId);
  await parts.disk.call('unmountAll', at.rootfs, signal);
  for (const path of [at.bundle, at.directory]) await parts.disk.call('removeTree', path, signal);
  await rm(at.exit, { force: true });
}

async function removePodParts(parts: UnreadableParts, { id }: Unreadable, signal: AbortSignal): Promise<void> {
  const at = parts.paths.pod(id as PodId);
  await parts.network.detach(id as PodId, signal);
  await parts.podCalls.call('unpinNamespaces', [at.net, at.ipc, at.uts], signal);
  await parts.disk.call('unmountAll', at.shm, signal);
  for (const path of [at.runtime, at.directory]) await parts.disk.call('removeTree', path, signal);
}
