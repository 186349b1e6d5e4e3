import { nowNanos } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { noteEnd, unseenCode } from './container/exit.ts';
import type { ExitParts } from './container/exit.ts';
import { readExitFile } from './container/exit-watch.ts';
import { killMonitors } from './container/monitors.ts';
import { deleteFiles, removeContainer } from './container/remove.ts';
import type { RemoveParts } from './container/remove.ts';
import { dismantle, releaseContainer, runtimeOf } from './container/release.ts';
import { isLive } from './container/state.ts';
import { sweepExecs } from './container/sweep-execs.ts';
import { queryContainer } from './oci/runtime.ts';
import type { Parts } from './parts.ts';
import { breakUnpinned } from './pod/lost-pins.ts';
import { removePodCgroup } from './pod/cgroups.ts';
import { removePod } from './pod/remove.ts';
import type { RemovePodParts } from './pod/remove.ts';
import { releasePod, stopPod } from './pod/stop.ts';
import type { Container, Pod } from './store/store.ts';
import { holdUnreadable } from './unreadable/container.ts';

export type RecoverParts = RemovePodParts &
  RemoveParts &
  ExitParts &
  Pick<Parts, 'bootId' | 'disk' | 'images' | 'podCalls'>;

/** Milliseconds that the repair of one object may take before it is left to the next round. */
const repairTimeoutMs = 60_000;

/**
 * Brings what was read from disk up to what the kernel and conmon say. What can be known without waiting is
 * known when this returns, so before the socket opens; the repairs it answers run behind it, per object.
 */
export async function recover(parts: RecoverParts): Promise<readonly (() => Promise<void>)[]> {
  const { store } = parts;
  const repairs: (() => Promise<void>)[] = [];
  holdUnreadable(parts);
  const each = async <T extends Container | Pod>(all: Iterable<T>, work: (one: T) => Promise<Repairs>) => {
    await Promise.all([...all].map(async (one) => void repairs.push(...(await orNone(parts, one, work(one))))));
  };
  for (const container of store.containers.values()) holdImage(parts, container);
  await each(store.containers.values(), (container) => recoverContainer(parts, container));
  await breakUnpinned(parts);
  await each(store.pods.values(), (pod) => recoverPod(parts, pod));
  return repairs;
}

/** One object must not keep the daemon from starting: a runtime that is configured no more, too few descriptors. */
async function orNone(parts: RecoverParts, { record }: Container | Pod, work: Promise<Repairs>): Promise<Repairs> {
  try {
    return await work;
  } catch (error) {
    parts.log.error({ object: record.id, reason: messageOf(error) }, 'not taken up; the reconciler tries again');
    return [];
  }
}

function holdImage(parts: RecoverParts, { record }: Container): void {
  try {
    for (const held of [record.imageId, ...record.volumeImages]) parts.images.hold(held, record.id);
  } catch (error) {
    parts.log.error({ container: record.id, reason: messageOf(error) }, 'image of a container is gone');
  }
}

type Repairs = readonly (() => Promise<void>)[];

async function recoverContainer(parts: RecoverParts, container: Container): Promise<Repairs> {
  const { record, state } = container;
  if (state.kind === 'creating') return [() => undoCreation(parts, container)];
  if (state.kind === 'removing') return [() => removeContainer(parts, container, parts.lifetime)];
  if (state.kind === 'exited') return state.released ? [] : [() => releaseContainer(parts, container, parts.lifetime)];
  if (!isLive(state)) return [];
  if (record.bootId !== parts.bootId) {
    const message = 'the node was restarted while it ran';
    const noted = container.note({ kind: 'ended', code: unseenCode, reason: 'Unknown', message, at: nowNanos() });
    return [() => noted.then(() => releaseContainer(parts, container, parts.lifetime))];
  }
  // One that ended while we were away has its exit file: its true code is known before anyone asks.
  const end = await readExitFile(parts.paths.container(record.id).exit);
  if (state.kind === 'starting') await settleStart(parts, container, end?.at ?? nowNanos());
  if (end !== undefined) {
    const noted = noteEnd(parts, container, end);
    return [() => noted.then(() => releaseContainer(parts, container, parts.lifetime))];
  }
  parts.exits.add(container);
  return [() => sweepExecs(parts, container, AbortSignal.any([parts.lifetime, AbortSignal.timeout(repairTimeoutMs)]))];
}

/** A crash between intent and result: the OCI runtime knows what became of it. `at`: not after its end. */
async function settleStart(parts: RecoverParts, container: Container, at: bigint): Promise<void> {
  const answer = await queryContainer(parts.watcher, runtimeOf(parts, container.record.handler), container.record.id);
  await container.note(answer?.status === 'created' ? { kind: 'not-started' } : { kind: 'started', at });
}

/** conmon may still be at work on it: it is ended first, with the runtime it started. */
async function undoCreation(parts: RecoverParts, container: Container): Promise<void> {
  const { id } = container.record;
  const signal = AbortSignal.any([parts.lifetime, AbortSignal.timeout(repairTimeoutMs)]);
  using _held = await parts.locks.acquire(id, signal);
  await killMonitors(parts, id, signal);
  await dismantle(parts, container, signal);
  await deleteFiles(parts, container, signal);
  await parts.store.dropContainer(id);
  parts.images.release(id);
  parts.log.info({ container: id }, 'half-made container undone');
}

async function recoverPod(parts: RecoverParts, pod: Pod): Promise<Repairs> {
  const { state, record } = pod;
  switch (state.kind) {
    case 'creating':
      return [() => undoPod(parts, pod)];
    case 'stopping':
      return [() => stopPod(parts, pod, parts.lifetime)];
    case 'removing':
      return [() => removePod(parts, pod, parts.lifetime)];
    case 'ready':
      if (record.bootId === parts.bootId) return [];
      await pod.note({ kind: 'stopping' });
      return [() => stopPod(parts, pod, parts.lifetime)];
    case 'stopped':
    case 'broken':
      return [];
  }
}

async function undoPod(parts: RecoverParts, pod: Pod): Promise<void> {
  const { record } = pod;
  const signal = AbortSignal.any([parts.lifetime, AbortSignal.timeout(repairTimeoutMs)]);
  using _held = await parts.locks.acquire(record.id, signal);
  await releasePod(parts, pod, signal);
  await removePodCgroup(parts, record, signal);
  await parts.disk.call('unmountAndRemove', parts.paths.pod(record.id).runtime, signal);
  await parts.store.dropPod(record.id);
  parts.log.info({ pod: record.id }, 'half-made sandbox undone');
}
