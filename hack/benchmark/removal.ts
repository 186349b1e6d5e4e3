import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { statusOf } from '../lib/cri-client.ts';
import type { Contestant, Pod } from './contestant.ts';
import { mountDeadFuse } from './dead-fuse.ts';
import { planPod, podDown, podUp } from './pods.ts';
import { summarize } from './samples.ts';
import type { Summary } from './samples.ts';

export interface RemovalResult {
  readonly dirtyMib: number;
  /** Milliseconds of ListContainers and ListPodSandbox, one after the other, from the first removal to the last. */
  readonly list: Summary;
  /** Milliseconds from their common start until the first and the last of the 20 pods was gone. */
  readonly firstGone: number;
  readonly lastGone: number;
  /** What became of the container with the path that never answers while the others were removed. */
  readonly stuckCreate: string;
}

const containers = 20;
const pauseMs = 5;

/**
 * Removes 20 pods at once whose containers have written files that are not on the disk yet, while a container is being
 * created from a host path on a file system that never answers, and asks for lists all the time.
 */
export async function measureRemoval(
  contestant: Contestant,
  dirtyMib: number,
  signal: AbortSignal,
): Promise<RemovalResult> {
  const pods: Pod[] = [];
  for (let i = 0; i < containers; i += 1) {
    signal.throwIfAborted();
    pods.push(await podUp(contestant, planPod(contestant)));
  }
  await Promise.all(pods.map((pod) => dirty(contestant, pod, Math.ceil(dirtyMib / containers))));
  const stuck = await startStuckPod(contestant);
  try {
    await delay(200);
    return { dirtyMib, ...(await removeAll(contestant, pods)), stuckCreate: stuck.state() };
  } finally {
    await stuck.end();
  }
}

async function dirty({ cri }: Contestant, { container: containerId }: Pod, mib: number): Promise<void> {
  const cmd = ['dd', 'if=/dev/zero', 'of=/dirty', 'bs=1M', `count=${mib}`];
  const { exitCode, stderr } = await cri.runtime.execSync({ containerId, cmd, timeout: 60n });
  if (exitCode !== 0) throw new Error(`dd in a container: ${stderr.toString()}`);
}

async function removeAll(contestant: Contestant, pods: readonly Pod[]) {
  const begun = performance.now();
  const gone: number[] = [];
  const remove = async (pod: Pod) => {
    await podDown(contestant, pod);
    gone.push(performance.now() - begun);
  };
  let going = true;
  const removing = Promise.all(pods.map(remove)).finally(() => (going = false));
  // Heard, or a failure during the lists would end the process before it is awaited.
  removing.catch(() => undefined);
  const { runtime } = contestant.cri;
  const lists: number[] = [];
  const isGoing = () => going;
  while (isGoing()) {
    for (const list of [runtime.listContainers, runtime.listPodSandbox]) {
      const asked = performance.now();
      await list();
      lists.push(performance.now() - asked);
    }
    await delay(pauseMs);
  }
  await removing;
  const list = summarize(lists) ?? { count: 0, min: 0, median: 0, p95: 0, max: 0 };
  return { list, firstGone: Math.min(...gone), lastGone: Math.max(...gone) };
}

interface StuckPod {
  /** What its creation has come to by now. */
  state(): string;
  /** Lets the file system fail, so that whoever waits for it goes on, and removes the pod. */
  end(): Promise<void>;
}

/** A pod that runs, and the creation of a container in it that has to look at the file system that never answers. */
async function startStuckPod(contestant: Contestant): Promise<StuckPod> {
  const { runtime } = contestant.cri;
  const point = join(contestant.dir, 'never-answers');
  const fuse = mountDeadFuse(point);
  const plan = planPod(contestant, [{ containerPath: '/data', hostPath: point }]);
  let state = 'waits';
  const create = async (podSandboxId: string) => {
    const { containerId } = await runtime.createContainer({
      podSandboxId,
      config: plan.container,
      sandboxConfig: plan.sandbox,
    });
    state = 'created; its start waits';
    await runtime.startContainer({ containerId });
    state = 'started';
  };
  try {
    const { podSandboxId } = await runtime.runPodSandbox({ config: plan.sandbox });
    const creation = create(podSandboxId).catch((error: unknown) => {
      state = `refused: ${statusOf(error)?.message ?? String(error)}`;
    });
    const end = async () => {
      fuse[Symbol.dispose]();
      await creation;
      await runtime.stopPodSandbox({ podSandboxId });
      await runtime.removePodSandbox({ podSandboxId });
    };
    return { state: () => state, end };
  } catch (error) {
    fuse[Symbol.dispose]();
    throw error;
  }
}
