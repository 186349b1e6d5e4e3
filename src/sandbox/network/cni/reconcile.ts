import type { LivePods } from '../network.ts';
import { errorFrom } from '../../../base/errors.ts';
import type { PodId } from '../../../base/ids.ts';
import type { Attachments } from './attachments.ts';
import { checkOnNetwork, collectGarbage, isCheckable } from './chain.ts';
import type { Discovered } from './discover.ts';
import type { Gate } from './gate.ts';
import type { PluginRunner } from './plugin.ts';
import { hasStatusAndGc } from './versions.ts';

export interface ReconcileScope {
  readonly runner: PluginRunner;
  readonly attachments: Attachments;
  readonly gate: Gate;
  /** What CHECK said of each pod; those of an earlier daemon are asked for once. */
  readonly checked: Map<PodId, string>;
  readonly found: Discovered;
  /** Pods that are being worked at: they are left alone. */
  readonly busy: (pod: PodId) => boolean;
  readonly release: (pod: PodId) => Promise<void>;
  /** Work for a pod that nothing else is done for meanwhile. */
  readonly exclusively: <T>(pod: PodId, work: () => Promise<T>) => Promise<T>;
}

/** Repeats each DEL that is owed, asks once for pods of an earlier daemon, has garbage collected. One line a finding. */
export async function reconcileAttachments(
  scope: ReconcileScope,
  live: LivePods,
  signal: AbortSignal,
): Promise<readonly string[]> {
  return [
    ...(await releaseStale(scope, live)),
    ...(await checkInherited(scope, live, signal)),
    ...(await collect(scope, signal)),
  ];
}

async function releaseStale(scope: ReconcileScope, live: LivePods): Promise<readonly string[]> {
  const gone = [...scope.attachments.all()].filter(([pod, { isNewer }]) => !isNewer && !live.has(pod));
  const stale = gone.map(([pod]) => pod).filter((pod) => !scope.busy(pod));
  const findings: string[] = [];
  for (const pod of stale) {
    try {
      await scope.release(pod);
    } catch (error) {
      findings.push(`CNI DEL of pod ${pod}, which is gone, failed and is repeated: ${errorFrom(error).message}`);
      continue;
    }
    const left = scope.attachments.of(pod) !== undefined;
    const what = `the CNI network of pod ${pod}, which is gone,`;
    findings.push(left ? `${what} is held until its plugin is back` : `${what} was released`);
  }
  scope.runner.series.owed.set(stale.filter((pod) => scope.attachments.of(pod) !== undefined).length);
  return findings;
}

async function checkInherited(scope: ReconcileScope, live: LivePods, signal: AbortSignal): Promise<readonly string[]> {
  const findings: string[] = [];
  for (const [pod, held] of [...scope.attachments.all()]) {
    const { attachment, result } = held;
    if (!live.has(pod) || scope.checked.has(pod) || scope.busy(pod)) continue;
    if (attachment === undefined || !isCheckable(held)) continue;
    const said = await scope.exclusively(pod, async () => {
      // It may be on its way out by now.
      if (scope.attachments.of(pod) !== held || scope.checked.has(pod)) return undefined;
      return checkOnNetwork(scope.runner, { attachment, result }, signal).then(
        () => 'ok',
        (error: unknown) => errorFrom(error).message,
      );
    });
    if (signal.aborted || said === undefined) continue;
    scope.checked.set(pod, said);
    if (said !== 'ok') findings.push(`the CNI network of pod ${pod} is not as it was made: ${said}`);
  }
  return findings;
}

/** Every attachment that is known is valid, those too whose DEL is owed: GC must not take the place of DEL. */
async function collect({ runner, attachments, gate, found }: ReconcileScope, signal: AbortSignal) {
  if (found.kind !== 'found' || found.network.disableGc || !hasStatusAndGc(found.network.version)) return [];
  const { network } = found;
  const work = async () => {
    const valid = [...attachments.all()].flatMap(([pod, { attachment }]) =>
      attachment !== undefined && attachment.network.name !== network.name
        ? []
        : [{ containerID: pod, ifname: attachment?.ifname ?? 'eth0' }],
    );
    return collectGarbage(runner, network, valid, signal);
  };
  return (await gate.alone(work)) ?? [];
}
