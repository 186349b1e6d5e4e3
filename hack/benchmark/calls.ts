import type { Contestant } from './contestant.ts';
import { planPod, podDown, podUp } from './pods.ts';
import { timed } from './samples.ts';
import type { Samples } from './samples.ts';

/** Samples taken from one daemon before it is the next one's turn. */
const blockLength = 5;

/**
 * `rounds` samples of every call from every daemon, beside its standing pods. The daemons take turns, in blocks and
 * each second time in reverse: what else the machine does hits all alike.
 */
export async function measureCalls(
  contestants: readonly Contestant[],
  rounds: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<Contestant, Samples>> {
  const samples = new Map<Contestant, Samples>(contestants.map((contestant) => [contestant, new Map()]));
  for (const contestant of contestants) await pass(contestant);
  for (let done = 0, turn = 0; done < rounds; done += blockLength, turn += 1) {
    for (const contestant of turn % 2 === 0 ? contestants : contestants.toReversed()) {
      for (let i = 0; i < Math.min(blockLength, rounds - done); i += 1) {
        signal.throwIfAborted();
        await pass(contestant, samples.get(contestant));
      }
    }
  }
  return samples;
}

/** One pod's life, and the calls that read all of them; around it that of one on the plugins alone, where there are any. */
async function pass(contestant: Contestant, samples: Samples = new Map()): Promise<void> {
  const removeAlone = await contestant.plugins?.add(samples);
  try {
    await life(contestant, samples);
  } finally {
    await removeAlone?.();
  }
}

async function life(contestant: Contestant, samples: Samples): Promise<void> {
  const { runtime } = contestant.cri;
  const pod = await podUp(contestant, planPod(contestant), samples);
  const { container: containerId } = pod;
  const exec = await timed(samples, 'ExecSync', () => runtime.execSync({ containerId, cmd: ['true'], timeout: 10n }));
  if (exec.exitCode !== 0) throw new Error(`${contestant.name}: true ended with ${exec.exitCode}`);
  await timed(samples, 'ContainerStatus', () => runtime.containerStatus({ containerId }));
  await timed(samples, 'ListContainers', () => runtime.listContainers());
  await timed(samples, 'ListPodSandbox', () => runtime.listPodSandbox());
  await timed(samples, 'ListContainerStats', () => runtime.listContainerStats());
  await podDown(contestant, pod, samples);
}
