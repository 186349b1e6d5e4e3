import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, messageOf } from '../../base/errors.ts';
import { removePod } from '../pod/remove.ts';
import type { RemovePodParts } from '../pod/remove.ts';
import { stopPod } from '../pod/stop.ts';
import type { Pod, StoreObserver } from '../store/store.ts';
import { madeAlone } from './standalone.ts';

/**
 * What becomes of standalone pods when their container has ended: with `removeAtEnd` they go, else they give back
 * network and host ports, and keep log and files until somebody removes them.
 */
export function watchEnds(parts: RemovePodParts): StoreObserver {
  const later = (pod: Pod | undefined, work: (pod: Pod) => Promise<void>) => {
    if (pod === undefined || !madeAlone(pod)) return;
    work(pod).catch((error: unknown) => {
      if (!parts.lifetime.aborted)
        parts.log.warn({ pod: pod.record.id, reason: messageOf(error) }, 'ended run not settled; the next start tries');
    });
  };
  return {
    podChanged: () => undefined,
    containerChanged({ record, state }) {
      if (state.kind !== 'exited' || !state.released) return;
      later(parts.store.pods.get(record.podId), async (pod) => settleEnd(parts, pod));
    },
    containerDropped({ record, state }) {
      if (state.kind === 'creating') return;
      later(parts.store.pods.get(record.podId), async (pod) => settleEnd(parts, pod));
    },
    podDropped(pod) {
      later(pod, async () => parts.disk.call('removeTree', pod.record.config.logDirectory, parts.lifetime));
    },
  };
}

async function settleEnd(parts: RemovePodParts, pod: Pod): Promise<void> {
  const left = parts.store.containersOf(pod.record.id);
  if (left.length === 0 || pod.record.config.standalone?.removeAtEnd === true)
    await removePod(parts, pod, parts.lifetime);
  else await stopPod(parts, pod, parts.lifetime);
}

/**
 * What a life of the daemon that was cut short left of standalone pods, as repairs to run: containers that were made
 * and never started, whose client has lost its answer; ends that nobody acted on; logs without a pod.
 */
export function standaloneRepairs(parts: RemovePodParts): readonly (() => Promise<void>)[] {
  const pods = [...parts.store.pods.values()].filter((pod) => madeAlone(pod) && pod.state.kind !== 'creating');
  return [...pods.map((pod) => () => repair(parts, pod)), () => sweepLogs(parts)];
}

async function repair(parts: RemovePodParts, pod: Pod): Promise<void> {
  const states = parts.store.containersOf(pod.record.id).map(({ state }) => state.kind);
  if (states.every((kind) => kind === 'created' || kind === 'creating')) await removePod(parts, pod, parts.lifetime);
  else if (states.every((kind) => kind === 'exited')) await settleEnd(parts, pod);
}

async function sweepLogs({ store, paths, disk, lifetime }: RemovePodParts): Promise<void> {
  // Whose log it was cannot be told then.
  if ([...store.unreadable.values()].some(({ kind }) => kind === 'pod')) return;
  const names = await readdir(paths.logs).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  });
  const known = new Set([...store.pods.values()].filter(madeAlone).map(({ record }) => record.config.uid));
  for (const name of names) if (!known.has(name)) await disk.call('removeTree', join(paths.logs, name), lifetime);
}
