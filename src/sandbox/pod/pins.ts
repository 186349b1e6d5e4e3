import type { Parts } from '../parts.ts';
import { contextOf } from '../selinux/labels.ts';
import { labelsOfPod } from '../selinux/of-pod.ts';
import { shmBytes } from './files.ts';
import type { PodRecord } from './record.ts';
import { holdForPod, rootOf } from './user-namespaces.ts';

/**
 * Makes namespaces and /dev/shm of a sandbox and pins them below its run-time directory; where they are a user's, a
 * process of that user makes them. Nobody else may enter the directory, or read what the pod shares in memory; who is
 * root in its user namespace by a group of its own.
 */
export async function pinPod(
  parts: Pick<Parts, 'paths' | 'podCalls' | 'selinux' | 'watcher'>,
  record: PodRecord,
  { hostname, onAsked }: { readonly hostname: string; readonly onAsked: () => void },
  signal: AbortSignal,
): Promise<void> {
  const { id, config, pins } = record;
  const at = parts.paths.pod(id);
  await using held = await holdForPod(parts, record, signal);
  const root = rootOf(config);
  const holder = held && { pid: held.pid, root: root.uid };
  const shm = { path: at.shm, bytes: shmBytes, root, ...contextOf(labelsOfPod(parts, record)) };
  const request = {
    ...{ pins, hostname, sysctls: config.sysctls, directory: { path: at.runtime, gid: root.gid } },
    ...(holder && { holder }),
    ...(config.ipc === 'pod' && { shm }),
  };
  const made = parts.podCalls.call('pinNamespaces', request, signal);
  onAsked();
  await made;
}
