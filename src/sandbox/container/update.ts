import { fail } from '../../base/errors.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import { replaceOomScore } from '../../linux/oom-score.ts';
import type { Container } from '../store/store.ts';
import type { Parts } from '../parts.ts';
import { settleLimits } from '../unit-limits.ts';
import { givenOomScore } from './lowered.ts';
import { containerTitle } from './record.ts';
import { mergeResources } from './resources.ts';
import type { ContainerResources } from './resources.ts';
import { cgroupResources } from './spec-resources.ts';
import { isLive } from './state.ts';

export type UpdateParts = Pick<Parts, 'cgroups' | 'lifetime' | 'locks' | 'log' | 'oomScore' | 'settings'>;

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
  const resources = mergeResources(state.resources, wanted);
  const cgroup = record.cgroup as CgroupPath;
  // Told of one limit, systemd writes all that it knows of, its defaults too.
  if (parts.cgroups.isUnit(cgroup)) await settleLimits(parts, cgroup, resources, parts.lifetime);
  else await parts.cgroups.update(cgroup, cgroupResources(wanted), parts.lifetime);
  replaceScores(parts, container, state.resources.oomScoreAdj, resources.oomScoreAdj);
  await container.note({ kind: 'updated', resources });
}

/**
 * The kubelet works it out anew from a memory request that is resized. It belongs to each process, and children have
 * their parent's; a program that gave itself another one keeps that.
 */
function replaceScores(parts: UpdateParts, { record }: Container, before: number, after: number): void {
  const [from, to] = [givenOomScore(parts, before), givenOomScore(parts, after)];
  if (to !== after && after !== before)
    parts.log.warn({ container: record.id, wanted: after, given: to }, 'oom_score_adj raised to what may be given');
  if (from === to) return;
  const refused = parts.cgroups.processes(record.cgroup as CgroupPath).filter((pid) => !replaceOomScore(pid, from, to));
  if (refused.length > 0)
    parts.log.warn({ container: record.id, pids: refused, wanted: to }, 'oom_score_adj of processes not lowered');
}
