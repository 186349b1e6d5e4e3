import { fail } from '../../base/errors.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import type { Container } from '../store/store.ts';
import type { Parts } from '../parts.ts';
import { containerTitle } from './record.ts';
import type { ContainerResources } from './resources.ts';
import { cgroupResources } from './spec-resources.ts';
import { isLive } from './state.ts';

export type UpdateParts = Pick<Parts, 'cgroups' | 'lifetime' | 'locks'>;

/**
 * Changes limits of a created or running container, all or none; what is not given (0, '') stays.
 * Errors: `failed_precondition` for one that ended, those of the cgroup with the file's name.
 */
export async function updateContainer(
  parts: UpdateParts,
  container: Container,
  wanted: ContainerResources,
  signal: AbortSignal,
): Promise<void> {
  const { record } = container;
  using _held = await parts.locks.acquire(record.id, signal);
  const { state } = container;
  if (!isLive(state)) throw fail('failed_precondition', `update ${containerTitle(record)}: it is ${state.kind}`);
  await parts.cgroups.update(record.cgroup as CgroupPath, cgroupResources(wanted), parts.lifetime);
  await container.note({ kind: 'updated', resources: merge(state.resources, wanted) });
}

/** oom_score_adj belongs to the process and cannot be updated: the kubelet sends it along unchanged. */
function merge(before: ContainerResources, wanted: ContainerResources): ContainerResources {
  const given = Object.entries(wanted).filter(([, value]) => value !== 0 && value !== '');
  const pages = new Map([...before.hugepages, ...wanted.hugepages].map((page) => [page.pageSize, page]));
  return {
    ...before,
    ...Object.fromEntries(given),
    unified: { ...before.unified, ...wanted.unified },
    hugepages: [...pages.values()],
    oomScoreAdj: before.oomScoreAdj,
  };
}
