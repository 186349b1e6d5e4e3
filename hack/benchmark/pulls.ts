import { readFileSync } from 'node:fs';
import { imageSpec } from '../lib/cri-messages.ts';
import type { Contestant } from './contestant.ts';
import { listener } from './memory.ts';
import { summarize } from './samples.ts';
import type { Summary } from './samples.ts';
import { variantName } from './variants.ts';

export interface PullResult {
  /** Milliseconds of PullImage. */
  readonly wall: Summary;
  /** Milliseconds of processor time of the daemon and its children, until a second after the answer. */
  readonly cpu: Summary;
}

const rounds = 5;
/** Variants of the image that are pulled: one a round, and one that is not counted. */
export const variants = rounds + 1;
/** Milliseconds in which what a daemon leaves for later still counts as the pull's. */
const afterMs = 1000;
const pauseMs = 2000;

/** Pulls variants of the big image in turns, in alternating order; the first turn of each is not counted. */
export async function measurePulls(
  contestants: readonly Contestant[],
  registry: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<Contestant, PullResult>> {
  const samples = new Map(contestants.map((one) => [one, { wall: [] as number[], cpu: [] as number[] }]));
  for (let round = 0; round <= rounds; round += 1)
    for (const one of round % 2 === 0 ? contestants : contestants.toReversed()) {
      signal.throwIfAborted();
      const { wall, cpu } = await pullOnce(one, `${registry}/${variantName(round)}`);
      if (round === 0) continue;
      samples.get(one)?.wall.push(wall);
      samples.get(one)?.cpu.push(cpu);
    }
  for (const { cri } of contestants)
    for (let round = 0; round < variants; round += 1)
      await cri.image.removeImage({ image: imageSpec(`${registry}/${variantName(round)}`) });
  const results = new Map<Contestant, PullResult>();
  for (const [one, { wall, cpu }] of samples) {
    const [walls, cpus] = [summarize(wall), summarize(cpu)];
    if (walls !== undefined && cpus !== undefined) results.set(one, { wall: walls, cpu: cpus });
  }
  return results;
}

async function pullOnce(
  { cri, endpoint }: Contestant,
  name: string,
): Promise<{ readonly wall: number; readonly cpu: number }> {
  const daemon = listener(endpoint.replace('unix://', ''));
  const before = processorMs(daemon);
  const begun = performance.now();
  await cri.image.pullImage({ image: imageSpec(name) });
  const wall = performance.now() - begun;
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  const cpu = processorMs(daemon) - before;
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
  return { wall, cpu };
}

/** Milliseconds that a process and its ended children have run: USER_HZ is 100 on every Linux that Node runs on. */
function processorMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0) * 10;
}
