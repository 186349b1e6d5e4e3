import type { LivePods } from '../network/network.ts';
import type { Store } from '../store/store.ts';
import type { PodState } from './state.ts';

/** A pod is stopped, and so detached, before it is removed. What it still has then, a daemon had that was killed. */
const detached: readonly PodState['kind'][] = ['stopped', 'removing'];

/** Pods from before their attach until after their detach, those too that cannot be read. */
export const podsOnNetwork = ({ pods, unreadable }: Pick<Store, 'pods' | 'unreadable'>): LivePods => ({
  has: (id) => unreadable.has(id) || !detached.includes(pods.get(id)?.state.kind ?? 'stopped'),
});
