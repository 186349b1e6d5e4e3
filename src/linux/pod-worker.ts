import { bringLoopbackUp, linkCalls } from './netlink/operations.ts';
import { pinNamespaces, unpinNamespace } from './namespaces.ts';
import type { PinRequest } from './namespaces.ts';
import { serveTasks } from './worker/serve.ts';

/** What the one Worker does that enters pods' namespaces. Everything is synchronous: see pinNamespaces. */
export const podTasks = {
  ...linkCalls(),
  pinNamespaces(request: Omit<PinRequest, 'inside'>): void {
    pinNamespaces({ ...request, inside: bringLoopbackUp });
  },
  unpinNamespaces(paths: readonly string[]): void {
    paths.forEach(unpinNamespace);
  },
};
export type PodTasks = typeof podTasks;

serveTasks(podTasks);
