import type { PodId } from '../../base/ids.ts';
import type { HostFacts } from '../oci/spec/input.ts';
import type { Parts } from '../parts.ts';
import { hostFor } from '../pod/user-namespaces.ts';
import { capabilitySection } from '../oci/spec/capabilities.ts';
import { effectiveOomScoreAdj } from '../oci/spec/oom-score.ts';
import type { ContainerRecord } from './record.ts';
import type { ContainerResources } from './resources.ts';

type LoweredParts = Pick<Parts, 'host' | 'oomScore' | 'store'>;

/** The oom_score_adj that its processes get. */
export function givenOomScore({ oomScore }: Pick<Parts, 'oomScore'>, wanted: number): number {
  return effectiveOomScoreAdj(wanted, oomScore.own, oomScore.maySetLower);
}

/**
 * What a container does not have as it asked for it, since the daemon itself may not give it. Of all fields only these
 * are lowered; others are refused.
 */
export function loweredNotes(
  parts: LoweredParts,
  { id, podId, config }: ContainerRecord,
  { oomScoreAdj }: ContainerResources,
): readonly string[] {
  const { withheld } = capabilitySection({ id, ...config, host: hostOf(parts, podId) });
  const score = givenOomScore(parts, oomScoreAdj);
  return [
    ...(score === oomScoreAdj
      ? []
      : [`oom_score_adj ${oomScoreAdj} was raised to ${score}: without CAP_SYS_RESOURCE nobody may go lower`]),
    ...(withheld.length === 0 ? [] : [`capabilities left out, the daemon has none of them: ${withheld.join(', ')}`]),
  ];
}

function hostOf({ host, store }: LoweredParts, podId: PodId): HostFacts {
  const pod = store.pods.get(podId);
  return pod === undefined ? host : hostFor(pod.record, host);
}
