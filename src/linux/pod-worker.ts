import { bringLoopbackUp, linkCalls } from './netlink/operations.ts';
import { pinNamespaces, unpinNamespace } from './namespaces.ts';
import type { PinRequest } from './namespaces.ts';
import { openTcpSocket } from './connect-tcp.ts';
import type { IpFamily } from './connect-tcp.ts';
import { insideNetns } from './setns.ts';
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
  /** Answers the descriptor, which is the caller's. It keeps the namespace it was made in. */
  openTcpSocket({ netns, family }: { readonly netns: string; readonly family: IpFamily }): number {
    return insideNetns(netns, () => openTcpSocket(family));
  },
};
export type PodTasks = typeof podTasks;

serveTasks(podTasks);
