import { setTimeout as delay } from 'node:timers/promises';
import { measureCalls } from './calls.ts';
import type { Contestant } from './contestant.ts';
import { kubeletPods, measureKubelet } from './kubelet.ts';
import { readMemory } from './memory.ts';
import type { Options } from './options.ts';
import { growTo } from './pods.ts';
import { measurePulls } from './pulls.ts';
import { measureRemoval } from './removal.ts';
import type { ContestantResults } from './results.ts';
import { measures, summarize } from './samples.ts';
import type { Samples } from './samples.ts';
import { measureStarts } from './starts.ts';
import { measureStats, statsPods } from './stats.ts';
import { measureStreams } from './streams.ts';

/** Milliseconds of quiet before memory is read: what is kept counts, not what is just being dropped. */
const settleMs = 5000;

/** All phases, in the order in which the number of pods grows. `pullRegistry` has the variants of the big image. */
export async function runPhases(
  contestants: readonly Contestant[],
  options: Options,
  pullRegistry: string | undefined,
  signal: AbortSignal,
): Promise<ContestantResults[]> {
  const { pods, rounds, dirtyMib, phases } = options;
  const results = new Map<Contestant, ContestantResults>(
    contestants.map((one) => [one, { name: one.name, version: one.version, calls: {}, memory: [], starts: [] }]),
  );
  const each = async (work: (contestant: Contestant, result: ContestantResults) => void | Promise<void>) => {
    for (const [contestant, result] of results) {
      signal.throwIfAborted();
      await work(contestant, result);
    }
  };
  const memory = async (when: string) => {
    if (!phases.has('memory')) return;
    await delay(settleMs, undefined, { signal });
    await each((one, { memory: points }) => void points.push({ when, ...readMemory(one) }));
  };
  const starts = async () => {
    if (!phases.has('start')) return;
    say(`starting each daemon, with ${contestants[0]?.standing.length ?? 0} pods`);
    for (const [one, point] of await measureStarts(contestants, signal)) results.get(one)?.starts.push(point);
  };
  const grow = async (count: number) => {
    say(`starting pods until ${count} run`);
    await each((one) => growTo(one, count, signal));
  };

  if (phases.has('pull') && pullRegistry !== undefined) {
    say('pulling 300 MB in turns');
    for (const [one, result] of await measurePulls(contestants, pullRegistry, signal))
      Object.assign(results.get(one) ?? {}, { pull: result });
    if (phases.size === 1) return [...results.values()];
  }
  if (phases.has('kubelet')) {
    say(`a kubelet on each: ${kubeletPods} static pods to Running and to gone, in turns`);
    for (const [one, result] of await measureKubelet(contestants, signal))
      Object.assign(results.get(one) ?? {}, { kubelet: result });
    if (phases.size === 1) return [...results.values()];
  }
  await starts();
  await memory('no pods');
  await grow(pods);
  await memory(`${pods} pods`);
  if (phases.has('calls')) {
    say(`calling: ${rounds} rounds`);
    for (const [one, samples] of await measureCalls(contestants, rounds, signal))
      Object.assign(results.get(one)?.calls ?? {}, summaries(samples));
    await memory(`${pods} pods, after ${rounds} more came and went`);
  }
  if (phases.has('streams')) {
    say('printing 500 MiB and sending single bytes, in turns');
    for (const [one, result] of await measureStreams(contestants, signal))
      Object.assign(results.get(one) ?? {}, { streams: result });
  }
  if (phases.has('removal')) {
    say('removing 20 pods at once');
    await each(async (one, result) => void (result.removal = await measureRemoval(one, dirtyMib, signal)));
  }
  if (phases.has('start') || phases.has('memory')) {
    await grow(2 * pods);
    await memory(`${2 * pods} pods`);
    await starts();
    if (phases.has('start')) await memory(`${2 * pods} pods, restarted`);
  }
  if (phases.has('stats')) {
    say(`reading figures of ${statsPods(pods).calls} and ${statsPods(pods).scrape} pods`);
    for (const [one, result] of await measureStats(contestants, options, signal))
      Object.assign(results.get(one) ?? {}, { stats: result });
  }
  say('removing all');
  return [...results.values()];
}

function summaries(samples: Samples): ContestantResults['calls'] {
  return Object.fromEntries(measures.map((measure) => [measure, summarize(samples.get(measure) ?? [])]));
}

function say(text: string): void {
  console.error(`==> ${text}`);
}
