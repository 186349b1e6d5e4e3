import type { PodId } from '../../base/ids.ts';
import type { PodFacts, Store } from '../store/store.ts';

type Known = Pick<Store, 'pods' | 'unreadable'>;

/**
 * Whether a pod was made by `cricket run`. What CRI lists must not have it: a kubelet ends the pods that it does not
 * know. By its id it is answered, as only who was told of it has that (docs/cri.md).
 */
export function isStandalone({ pods, unreadable }: Known, podId: string): boolean {
  const pod = pods.get(podId as PodId);
  return pod === undefined ? unreadable.get(podId)?.hints.standalone === true : madeAlone(pod);
}

export const madeAlone = ({ record }: PodFacts): boolean => record.config.standalone !== undefined;
