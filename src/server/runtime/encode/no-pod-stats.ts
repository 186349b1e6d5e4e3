import type { PodSandboxStats } from '../../../../api/cri/v1/api.ts';
import type { Pod } from '../../../sandbox/store/store.ts';

/** Of a sandbox without a cgroup: it uses nothing. */
export function encodeNoPodStats({ record: { id, config } }: Pod): PodSandboxStats {
  const { name, uid, namespace, attempt, labels, annotations } = config;
  const attributes = { id, metadata: { name, uid, namespace, attempt }, labels, annotations };
  return { attributes, linux: undefined, windows: undefined };
}
