import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PodSandboxFilter, PodSandboxState, PodSandboxStateValue } from '../../api/cri/v1/api.ts';
import { startKubelet } from '../../test/fixtures/kubelet/kubelet.ts';
import type { Kubelet } from '../../test/fixtures/kubelet/kubelet.ts';
import { filled } from '../lib/cri-client.ts';
import type { Contestant } from './contestant.ts';
import { workload } from './kubelet-config.ts';
import { summarize } from './samples.ts';
import type { Summary } from './samples.ts';

export interface KubeletResult {
  /** Milliseconds from the first manifest to the last pod Running. */
  readonly up: Summary;
  /** Milliseconds from the first manifest gone until the kubelet knows no pod, and no sandbox is ready. */
  readonly down: Summary;
  /** Both together. */
  readonly both: Summary;
}

export const kubeletPods = 60;
const rounds = 3;
const pollMs = 100;
const limitMs = 300_000;

interface Node {
  readonly contestant: Contestant;
  readonly kubelet: Kubelet;
  readonly up: number[];
  readonly down: number[];
}

/**
 * A kubelet on each daemon starts and ends static pods, 60 at once, in turns. Only on daemons of our own: a kubelet
 * ends the pods that it does not know.
 */
export async function measureKubelet(
  contestants: readonly Contestant[],
  signal: AbortSignal,
): Promise<Map<Contestant, KubeletResult>> {
  await using scope = new AsyncDisposableStack();
  const nodes: Node[] = [];
  for (const contestant of contestants) {
    if (contestant.service === undefined)
      throw new Error(
        `${contestant.name} is not ours: a kubelet would end its pods; leave --endpoint or the phase out`,
      );
    const kubelet = await startKubelet({
      endpoint: contestant.endpoint,
      dir: join(contestant.dir, 'kubelet'),
      cgroupRoot: `${contestant.cgroup}-kubelet`,
    });
    // Those that ended wait for a collection of the kubelet's that does not come any more.
    scope.defer(() => removeSandboxes(contestant));
    scope.defer(() => kubelet.stop());
    nodes.push({ contestant, kubelet, up: [], down: [] });
  }
  // The first pods of a kubelet wait for what it does once.
  for (const node of nodes) await round(node, 0, 3, signal);
  for (let number = 1; number <= rounds; number += 1)
    for (const node of nodes) {
      const [up, down] = await round(node, number, kubeletPods, signal);
      node.up.push(up);
      node.down.push(down);
    }
  return new Map(nodes.map((node) => [node.contestant, resultOf(node)]));
}

/** Milliseconds up and down. */
async function round(
  { contestant, kubelet }: Node,
  number: number,
  count: number,
  signal: AbortSignal,
): Promise<readonly [up: number, down: number]> {
  const names = Array.from({ length: count }, (_, i) => `bench-${number}-${i}`);
  const file = (name: string) => join(kubelet.manifestsDir, `${name}.json`);
  const begun = performance.now();
  for (const name of names) {
    const draft = join(kubelet.manifestsDir, `.${name}`);
    writeFileSync(draft, JSON.stringify(manifest(name, contestant.image)));
    renameSync(draft, file(name));
  }
  await until(`${count} pods to run on ${contestant.name}`, signal, async () => {
    const running = (await kubelet.pods()).filter(({ status }) => status.phase === 'Running');
    return running.length === count;
  });
  const up = performance.now() - begun;
  const ending = performance.now();
  for (const name of names) rmSync(file(name));
  await until(`${count} pods to end on ${contestant.name}`, signal, async () => {
    if ((await kubelet.pods()).length > 0) return false;
    const state = filled(PodSandboxStateValue, { state: PodSandboxState.SANDBOX_READY });
    const filter = filled(PodSandboxFilter, { state });
    return (await contestant.cri.runtime.listPodSandbox({ filter })).items.length === 0;
  });
  return [up, performance.now() - ending];
}

async function removeSandboxes({ cri }: Contestant): Promise<void> {
  for (const { id: podSandboxId } of (await cri.runtime.listPodSandbox()).items) {
    await cri.runtime.stopPodSandbox({ podSandboxId });
    await cri.runtime.removePodSandbox({ podSandboxId });
  }
}

const manifest = (name: string, image: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'bench' },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'main', image, imagePullPolicy: 'IfNotPresent', command: workload }],
  },
});

async function until(what: string, signal: AbortSignal, is: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + limitMs; !(await is());) {
    if (performance.now() > end) throw new Error(`waited ${limitMs / 1000} s in vain for ${what}`);
    await delay(pollMs, undefined, { signal });
  }
}

function resultOf({ up, down }: Node): KubeletResult {
  const all = (values: readonly number[]): Summary => {
    const summary = summarize(values);
    if (summary === undefined) throw new Error('no round was measured');
    return summary;
  };
  return { up: all(up), down: all(down), both: all(up.map((ms, i) => ms + (down[i] ?? 0))) };
}
