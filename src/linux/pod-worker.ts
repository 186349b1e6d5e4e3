import { chownSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { workerData } from 'node:worker_threads';
import { writeFilesNow, writeRecordNow } from '../base/plain-file.ts';
import type { CopiedFile, PlainFile, RecordFile } from '../base/plain-file.ts';
import type { StepName } from '../base/steps.ts';
import { killAt } from './kill-at.ts';
import type { AttachPlan } from './netlink/calls.ts';
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

export interface PodPins extends Omit<PinRequest, 'inside'> {
  /** Where the pins are that are not in /run/netns: the group may enter, nobody else. */
  readonly directory?: { readonly path: string; readonly gid: number };
  readonly shm?: SharedMemory;
}

/** A record, and the step of the pod's making that is done once it is in its place. */
export interface StepRecord {
  readonly file: RecordFile;
  readonly step: StepName;
}

/** What a pod is made of, in the order in which it is made: after a crash at any point the records tell what may be there. */
export interface PodMaking {
  readonly records: readonly StepRecord[];
  readonly pins: PodPins;
  readonly link?: AttachPlan;
  readonly files: readonly (PlainFile | CopiedFile)[];
  /** Written last of all: from then on the pod is what it says. */
  readonly state?: RecordFile | undefined;
}

export interface Writing {
  readonly records: readonly RecordFile[];
  readonly files: readonly (PlainFile | CopiedFile)[];
  /** Removed after that; absent is fine. */
  readonly obsolete: readonly string[];
  readonly state?: RecordFile | undefined;
}

const reach = killAt(workerData as StepName | undefined);
const links = linkCalls();

/** What the one Worker does that enters pods' namespaces. Everything is synchronous: see pinNamespaces. */
export const podTasks = {
  ...links,
  /** All of a pod that can be made in one go: each way to a Worker and back takes its time. Errors: the first one's. */
  makePod({ records, pins, link, files, state }: PodMaking): void {
    for (const { file, step } of records) {
      writeRecordNow(file);
      reach(step);
    }
    pinPod(pins);
    reach('run-pod:namespaces');
    if (link !== undefined) {
      links.attachLink(link);
      reach('run-pod:net-linked');
    }
    writeFilesNow(files);
    if (state !== undefined) writeRecordNow(state);
  },
  pinNamespaces: pinPod,
  /** `shm` is where the memory is, or none. Absent is fine, of everything. */
  unpinNamespaces({ pins, shm }: { readonly pins: readonly string[]; readonly shm?: string }): void {
    pins.forEach(unpinNamespace);
    while (shm !== undefined && unmount(shm));
  },
  write({ records, files, obsolete, state }: Writing): void {
    records.forEach(writeRecordNow);
    writeFilesNow(files);
    for (const path of obsolete) rmSync(path, { force: true });
    if (state !== undefined) writeRecordNow(state);
  },
  /** Answers the descriptor, which is the caller's. It keeps the namespace it was made in. */
  openTcpSocket({ netns, family }: { readonly netns: string; readonly family: IpFamily }): number {
    return insideNetns(netns, () => openTcpSocket(family));
  },
};
export type PodTasks = typeof podTasks;

serveTasks(podTasks);

/** Namespaces, and what else of a pod is a mount. */
function pinPod({ directory, shm, ...request }: PodPins): void {
  if (directory !== undefined) makeRuntimeDirectory(directory.path, directory.gid);
  if (shm !== undefined) mountSharedMemory(shm);
  pinNamespaces({ ...request, inside: bringLoopbackUp });
}

/** Below one that is in memory too. */
function makeRuntimeDirectory(path: string, gid: number): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  mkdirSync(path, { mode: 0o710 });
  if (gid !== 0) chownSync(path, 0, gid);
}
