import { mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PodSandboxFilter } from '../../api/cri/v1/api.ts';
import type { Mount } from '../../api/cri/v1/api.ts';
import { listCgroups, makeCgroups } from '../../test/fixtures/kubelet/cgroups.ts';
import { filled } from '../lib/cri-client.ts';
import type { Contestant, Pod, PodPlan } from './contestant.ts';
import { runLabel, sandboxConfig, workloadConfig } from './kubelet-config.ts';
import { record, timed } from './samples.ts';
import type { Samples } from './samples.ts';

let made = 0;

/** Does the kubelet's own part of a pod, untimed: its cgroup and its log folders. */
export function planPod(contestant: Contestant, mounts: readonly Partial<Mount>[] = []): PodPlan {
  const name = `bench-${(made += 1)}`;
  const cgroup = `${contestant.cgroup}/pod${name}`;
  const logs = join(contestant.dir, 'logs', `bench_${name}_uid-${name}`);
  makeCgroups(cgroup);
  mkdirSync(join(logs, 'main'), { recursive: true });
  const sandbox = sandboxConfig({ name, cgroup, logs, run: contestant.run });
  return { name, cgroup, logs, sandbox, container: workloadConfig(contestant, mounts) };
}

/** The three calls that bring a pod up, each timed, and together. */
export async function podUp(contestant: Contestant, plan: PodPlan, samples: Samples = new Map()): Promise<Pod> {
  const { runtime } = contestant.cri;
  const begun = performance.now();
  const { podSandboxId } = await timed(samples, 'RunPodSandbox', () => runtime.runPodSandbox({ config: plan.sandbox }));
  const { containerId } = await timed(samples, 'CreateContainer', () =>
    runtime.createContainer({ podSandboxId, config: plan.container, sandboxConfig: plan.sandbox }),
  );
  await timed(samples, 'StartContainer', () => runtime.startContainer({ containerId }));
  record(samples, 'pod up', performance.now() - begun);
  return { id: podSandboxId, container: containerId, plan };
}

/** The four calls that take it down, in the kubelet's order. Its cgroup and logs go after that, untimed. */
export async function podDown(contestant: Contestant, pod: Pod, samples: Samples = new Map()): Promise<void> {
  const { runtime } = contestant.cri;
  const { id: podSandboxId, container: containerId } = pod;
  const begun = performance.now();
  await timed(samples, 'StopContainer', () => runtime.stopContainer({ containerId, timeout: 0n }));
  await timed(samples, 'StopPodSandbox', () => runtime.stopPodSandbox({ podSandboxId }));
  await timed(samples, 'RemoveContainer', () => runtime.removeContainer({ containerId }));
  await timed(samples, 'RemovePodSandbox', () => runtime.removePodSandbox({ podSandboxId }));
  record(samples, 'pod down', performance.now() - begun);
  tidy(pod.plan);
}

/** Errors are left to the end of the run, which removes the cgroups of all pods, whatever is in them. */
function tidy({ cgroup, logs }: PodPlan): void {
  rmSync(logs, { recursive: true, force: true });
  for (const path of listCgroups(cgroup)) {
    try {
      rmdirSync(path);
    } catch {
      continue;
    }
  }
}

/** Starts pods until `count` run in the background. */
export async function growTo(contestant: Contestant, count: number, signal: AbortSignal): Promise<void> {
  while (contestant.standing.length < count) {
    signal.throwIfAborted();
    contestant.standing.push(await podUp(contestant, planPod(contestant)));
  }
}

/** Ends all pods of this run, also those whose start has failed half-way. */
export async function removeOurPods({ cri, run }: Pick<Contestant, 'cri' | 'run'>): Promise<void> {
  const filter = filled(PodSandboxFilter, { labelSelector: { [runLabel]: run } });
  const { items } = await cri.runtime.listPodSandbox({ filter });
  for (const { id: podSandboxId } of items) {
    await cri.runtime.stopPodSandbox({ podSandboxId });
    await cri.runtime.removePodSandbox({ podSandboxId });
  }
}
