import { fail } from '../../base/errors.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import { mergeResources, noResources } from '../container/resources.ts';
import type { ContainerResources } from '../container/resources.ts';
import { cgroupResources } from '../container/spec-resources.ts';
import type { Parts } from '../parts.ts';
import type { Pod } from '../store/store.ts';
import { podTitle } from './record.ts';
import type { PodResources } from './resources-schema.ts';
import { isReady } from './state.ts';

/** The limits of the pod's own cgroup: both together; what has no limit gets none by an overhead. */
export function podLimits({ overhead, resources }: PodResources): ContainerResources {
  const own = resources ?? noResources;
  const extra = overhead ?? noResources;
  const sum = (limit: number, more: number) => (limit > 0 ? limit + Math.max(0, more) : limit);
  const quota = extra.cpuPeriod > 0 ? (extra.cpuQuota * (own.cpuPeriod || extra.cpuPeriod)) / extra.cpuPeriod : 0;
  const pages = new Map(own.hugepages.map(({ pageSize, limit }) => [pageSize, limit]));
  for (const { pageSize, limit } of extra.hugepages) pages.set(pageSize, (pages.get(pageSize) ?? 0) + limit);
  return {
    ...own,
    cpuShares: sum(own.cpuShares, extra.cpuShares),
    cpuQuota: sum(own.cpuQuota, Math.ceil(quota)),
    memoryLimitBytes: sum(own.memoryLimitBytes, extra.memoryLimitBytes),
    memorySwapLimitBytes: sum(own.memorySwapLimitBytes, extra.memoryLimitBytes),
    hugepages: [...pages].map(([pageSize, limit]) => ({ pageSize, limit })),
    unified: { ...extra.unified, ...own.unified },
  };
}

/** What is in force: of the last update, else what it was made with. */
export function podResourcesOf({ record, state }: Pod): PodResources {
  return (isReady(state) ? state.resized : undefined) ?? record.config.limits;
}

/**
 * Takes new resources of a pod; of what is not given the old ones stay. The kubelet calls it when it has changed the pod's
 * cgroup itself, which is its own: only one that we made is changed here, all of it or nothing. Errors:
 * `failed_precondition` for a sandbox that is not ready, those of the cgroup with the file's name.
 */
export async function updatePodResources(
  parts: Pick<Parts, 'cgroups' | 'lifetime' | 'locks' | 'log'>,
  pod: Pod,
  wanted: PodResources,
  signal: AbortSignal,
): Promise<void> {
  const { record } = pod;
  using _held = await parts.locks.acquire(record.id, signal);
  if (!isReady(pod.state))
    throw fail('failed_precondition', `update resources of ${podTitle(record)}: it is ${pod.state.kind}`);
  const before = podResourcesOf(pod);
  const resized: PodResources = {
    overhead: merged(before.overhead, wanted.overhead),
    resources: merged(before.resources, wanted.resources),
  };
  if (record.ownsCgroup)
    await parts.cgroups.update(record.cgroup as CgroupPath, cgroupResources(podLimits(resized)), parts.lifetime);
  await pod.note({ kind: 'resized', resources: resized });
  parts.log.info({ pod: record.id, ownCgroup: record.ownsCgroup }, 'resources of a sandbox updated');
}

function merged(before: ContainerResources | null, wanted: ContainerResources | null): ContainerResources | null {
  return wanted === null ? before : mergeResources(before ?? noResources, wanted);
}
