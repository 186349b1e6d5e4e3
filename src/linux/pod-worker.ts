import { chownSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeFilesNow } from '../base/plain-file.ts';
import type { PlainFile } from '../base/plain-file.ts';
import { bringLoopbackUp, linkCalls } from './netlink/operations.ts';
import { pinNamespaces, unpinNamespace } from './namespaces.ts';
import type { PinRequest } from './namespaces.ts';
import { openTcpSocket } from './connect-tcp.ts';
import type { IpFamily } from './connect-tcp.ts';
import { unmount } from './mount.ts';
import { insideNetns } from './setns.ts';
import { mountSharedMemory } from './shared-memory.ts';
import type { SharedMemory } from './shared-memory.ts';
import { serveTasks } from './worker/serve.ts';

interface PodPins extends Omit<PinRequest, 'inside'> {
  /** Where the pins are that are not in /run/netns: the group may enter, nobody else. */
  readonly directory?: { readonly path: string; readonly gid: number };
  readonly shm?: SharedMemory;
}

/** What the one Worker does that enters pods' namespaces. Everything is synchronous: see pinNamespaces. */
export const podTasks = {
  ...linkCalls(),
  /** Namespaces, and what else of a pod is a mount: one call, as each way to a Worker and back takes its time. */
  pinNamespaces({ directory, shm, ...request }: PodPins): void {
    if (directory !== undefined) makeRuntimeDirectory(directory.path, directory.gid);
    if (shm !== undefined) mountSharedMemory(shm);
    pinNamespaces({ ...request, inside: bringLoopbackUp });
  },
  /** `shm` is where the memory is, or none. Absent is fine, of everything. */
  unpinNamespaces({ pins, shm }: { readonly pins: readonly string[]; readonly shm?: string }): void {
    pins.forEach(unpinNamespace);
    while (shm !== undefined && unmount(shm));
  },
  writeFiles(files: readonly PlainFile[]): void {
    writeFilesNow(files);
  },
  /** Answers the descriptor, which is the caller's. It keeps the namespace it was made in. */
  openTcpSocket({ netns, family }: { readonly netns: string; readonly family: IpFamily }): number {
    return insideNetns(netns, () => openTcpSocket(family));
  },
};
export type PodTasks = typeof podTasks;

serveTasks(podTasks);

/** Below one that is in memory too. */
function makeRuntimeDirectory(path: string, gid: number): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  mkdirSync(path, { mode: 0o710 });
  if (gid !== 0) chownSync(path, 0, gid);
}
