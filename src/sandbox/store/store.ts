import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  makePrivateDirectory,
  prepareCheckpoint,
  recordFile,
  saveCheckpoint,
  writeRecord,
} from '../../base/checkpoint.ts';
import { during } from '../../base/errors.ts';
import type { ContainerId, PodId } from '../../base/ids.ts';
import type { Logger } from '../../base/log.ts';
import type { RecordFile } from '../../base/plain-file.ts';
import { containerRecordKind } from '../container/record.ts';
import type { ContainerRecord } from '../container/record.ts';
import { containerStateKind, stepContainer } from '../container/state.ts';
import type { ContainerEvent, ContainerState } from '../container/state.ts';
import { podRecordKind } from '../pod/record.ts';
import type { PodRecord } from '../pod/record.ts';
import { podStateKind, stepPod } from '../pod/state.ts';
import type { PodEvent, PodState } from '../pod/state.ts';
import { Keeper } from './keeper.ts';
import type { Paths } from './paths.ts';
import { Tracked } from './tracked.ts';
import type { Unreadable } from './unreadable.ts';

export type Pod = Tracked<PodRecord, PodState, PodEvent>;
export type Container = Tracked<ContainerRecord, ContainerState, ContainerEvent>;
/** A pod or container as it is, or was in one instant. */
export type PodFacts = Pick<Pod, 'record' | 'state'>;
export type ContainerFacts = Pick<Container, 'record' | 'state'>;

/** Told of every change in memory, in order, within it: it must neither wait nor throw. */
export interface StoreObserver {
  podChanged(pod: Pod, before: PodState): void;
  containerChanged(container: Container, before: ContainerState): void;
  /** The last that is heard of it; it is in the store no more. */
  podDropped(pod: Pod): void;
  containerDropped(container: Container): void;
}

/** Every pod and container, in memory and on disk. */
export interface Store {
  readonly pods: ReadonlyMap<PodId, Pod>;
  readonly containers: ReadonlyMap<ContainerId, Container>;
  readonly unreadable: Map<string, Unreadable>;
  /**
   * Shows the pod from the call on, as one that is being made. Whoever makes it has `intent` written before anything else of
   * it, and drops it where that fails.
   */
  beginPod(record: PodRecord): { readonly pod: Pod; readonly intent: RecordFile };
  /** Shows the container once its intent is written. Errors: `resource_exhausted` on a full disk; nothing stays then. */
  addContainer(record: ContainerRecord): Promise<Container>;
  /** Takes in what was read from disk. */
  adoptPod(record: PodRecord, state: PodState): Pod;
  adoptContainer(record: ContainerRecord, state: ContainerState): Container;
  /** Forgets the object and deletes its records; the files around them must be gone. */
  dropPod(id: PodId): Promise<void>;
  dropContainer(id: ContainerId): Promise<void>;
  containersOf(id: PodId): readonly Container[];
  observe(observer: StoreObserver): void;
  /** Has the disk keep the last changes. */
  close(): Promise<void>;
}

export async function createStore(paths: Paths, log: Logger): Promise<Store> {
  const pods = new Map<PodId, Pod>();
  const containers = new Map<ContainerId, Container>();
  for (const path of [paths.podRecords, paths.containerRecords, paths.exits]) await makePrivateDirectory(path);

  const keeper = new Keeper(log);
  const observers: StoreObserver[] = [];
  // Not a child of the log: that would keep the level it was born with.
  const speaking = (about: object) => ({
    warn: (fields: object, message: string) => log.warn({ ...about, ...fields }, message),
  });
  const adoptPod = (record: PodRecord, state: PodState): Pod => {
    const at = paths.pod(record.id);
    const keep = () => keeper.keep(at.record, at.state, at.directory);
    const save = async (next: PodState) => {
      await saveCheckpoint(podStateKind, at.state, next, { durable: false });
      if (isLasting(next.kind)) keep();
    };
    const prepare = (next: PodState) => {
      const prepared = prepareCheckpoint(podStateKind, at.state, next);
      return { ...prepared, commit: async () => prepared.commit().then(keep), placed: keep };
    };
    const changed = (before: PodState) => observers.forEach((one) => one.podChanged(pod, before));
    const options = { record, state, step: stepPod, save, prepare, log: speaking({ pod: record.id }), changed };
    const pod = new Tracked<PodRecord, PodState, PodEvent>(options);
    pods.set(record.id, pod);
    return pod;
  };
  const adoptContainer = (record: ContainerRecord, state: ContainerState): Container => {
    const at = paths.container(record.id);
    const keep = () => keeper.keep(at.record, at.state, at.directory);
    const save = async (next: ContainerState) => {
      await saveCheckpoint(containerStateKind, at.state, next, { durable: false });
      if (isLasting(next.kind)) keep();
    };
    const changed = (before: ContainerState) => observers.forEach((one) => one.containerChanged(container, before));
    const options = { record, state, step: stepContainer, save, log: speaking({ container: record.id }), changed };
    const container = new Tracked<ContainerRecord, ContainerState, ContainerEvent>(options);
    containers.set(record.id, container);
    return container;
  };
  /** The state first: a crash in the midst then leaves an intent, which is undone, and no record without its half. */
  const forget = async (at: { readonly directory: string; readonly state: string }) => {
    await rm(at.state, { force: true });
    await rm(at.directory, { recursive: true, force: true });
    keeper.keep(dirname(at.directory));
  };

  return {
    pods,
    containers,
    unreadable: new Map(),
    adoptPod,
    adoptContainer,
    beginPod(record) {
      // Whoever looks for what belongs to nobody must know it before anything of it is made.
      const pod = adoptPod(record, { kind: 'creating' });
      return { pod, intent: { ...recordFile(podRecordKind, paths.pod(record.id).record, record), isFirst: true } };
    },
    async addContainer(record) {
      const at = paths.container(record.id);
      try {
        await writeRecord({ ...recordFile(containerRecordKind, at.record, record), isFirst: true });
      } catch (error) {
        await rm(at.directory, { recursive: true, force: true });
        throw during(`write a record below ${paths.containerRecords}`, error);
      }
      return adoptContainer(record, { kind: 'creating' });
    },
    async dropPod(id) {
      const pod = pods.get(id);
      await forget(paths.pod(id));
      if (pod !== undefined && pods.delete(id)) observers.forEach((one) => one.podDropped(pod));
    },
    async dropContainer(id) {
      const container = containers.get(id);
      await forget(paths.container(id));
      if (container !== undefined && containers.delete(id)) observers.forEach((one) => one.containerDropped(container));
    },
    containersOf: (id) => [...containers.values()].filter((container) => container.record.podId === id),
    observe: (observer) => void observers.push(observer),
    close: () => keeper.flush(),
  };
}

/**
 * States that a reboot should find. Everything else a reboot voids anyway: the processes are gone, and the boot id in
 * the record says so.
 */
function isLasting(kind: (PodState | ContainerState)['kind']): boolean {
  return kind === 'ready' || kind === 'created' || kind === 'stopped' || kind === 'exited';
}
