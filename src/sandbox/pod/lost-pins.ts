import { statfs } from 'node:fs/promises';
import { errnoOf } from '../../base/errors.ts';
import { isReady } from './state.ts';
import type { Pod, Store } from '../store/store.ts';
import type { Parts } from '../parts.ts';

/** NSFS_MAGIC of linux/magic.h: what a pinned namespace is a file of. */
const nsfs = 0x6e736673;

/**
 * Ready sandboxes one of whose namespaces somebody has unmounted: no container could join it any more. They become
 * broken, so not ready, and the kubelet makes them anew; what runs in them runs on until then.
 * @returns what was found, one line each.
 */
export async function breakUnpinned(
  parts: Pick<Parts, 'bootId' | 'locks'> & { readonly store: Store },
): Promise<readonly string[]> {
  const found = await Promise.all([...parts.store.pods.values()].map((pod) => breakIfUnpinned(parts, pod)));
  return found.flat();
}

async function breakIfUnpinned(parts: Pick<Parts, 'bootId' | 'locks'>, pod: Pod): Promise<readonly string[]> {
  const { record } = pod;
  const settled = () => isReady(pod.state) && record.bootId === parts.bootId && !parts.locks.isHeld(record.id);
  if (!settled()) return [];
  const pins = Object.entries(record.pins);
  const there = await Promise.all(pins.map(([, path]) => isPinned(path)));
  const lost = pins.flatMap(([kind], at) => (there[at] === true ? [] : [kind]));
  if (lost.length === 0 || !settled()) return [];
  const reason = `its ${lost.join(', ')} namespace was unmounted from outside; remove it and make a new one`;
  await pod.note({ kind: 'broke', reason });
  return [`sandbox ${record.id.slice(0, 13)}: ${reason}`];
}

async function isPinned(path: string): Promise<boolean> {
  try {
    return (await statfs(path)).type === nsfs;
  } catch (error) {
    // What cannot be looked at is left alone.
    return errnoOf(error) !== 'ENOENT';
  }
}
