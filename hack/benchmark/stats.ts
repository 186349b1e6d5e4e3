import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Contestant } from './contestant.ts';
import { listener } from './memory.ts';
import { get, getBytes } from './metrics-address.ts';
import { measureOom } from './oom.ts';
import type { Options } from './options.ts';
import { growTo } from './pods.ts';
import { connectRaw, statsCalls } from './raw-calls.ts';
import type { RawCalls, StatsCall } from './raw-calls.ts';
import { summarize } from './samples.ts';
import type { Summary } from './samples.ts';

/** Milliseconds. A call that a daemon does not have is absent. */
export interface StatsResult {
  readonly calls: Partial<Record<StatsCall, Summary>>;
  scrape?: Summary;
  /** Of the main thread during a scrape, as the daemon tells itself. */
  pause?: Summary;
  /** From the kernel's stamp of an OOM kill until a scrape tells it. */
  oom?: Summary | undefined;
  /** Processor time of the daemon while nobody asks, percent of one CPU. */
  readonly idle: number;
}

/** Pods beside which the calls are timed, and the scrape: twice and four times those of the other phases. */
export const statsPods = (pods: number) => ({ calls: 2 * pods, scrape: 4 * pods });

const rounds = 15;
/** Milliseconds between two questions: no answer may be the last one's. */
const pauseMs = 250;
/** What the calls before left behind is put away meanwhile: garbage, Workers without work. */
const settleMs = 15_000;

/** Everything that reads figures of many pods, in turns; then what the daemons do when nobody asks. */
export async function measureStats(
  contestants: readonly Contestant[],
  { pods, idleSeconds }: Pick<Options, 'pods' | 'idleSeconds'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<Contestant, StatsResult>> {
  const wanted = statsPods(pods);
  for (const one of contestants) await growTo(one, wanted.calls, signal);
  const calls = await timeCalls(contestants, wanted.calls, signal);
  const idle = await idleShares(contestants, idleSeconds * 1000, signal);
  const ooms = new Map<Contestant, Summary | undefined>();
  for (const one of contestants) ooms.set(one, await measureOom(one, signal));
  const results = new Map<Contestant, StatsResult>();
  for (const [one, samples] of calls) {
    const summaries = [...samples].map(([call, values]) => [call, summarize(values)] as const);
    results.set(one, { calls: Object.fromEntries(summaries), idle: idle.get(one) ?? Number.NaN, oom: ooms.get(one) });
  }
  for (const one of contestants) await growTo(one, wanted.scrape, signal);
  await measureScrapes(contestants, results, signal);
  return results;
}

async function timeCalls(
  contestants: readonly Contestant[],
  pods: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<Contestant, ReadonlyMap<StatsCall, number[]>>> {
  using opened = new DisposableStack();
  const all = new Map(
    contestants.map((one) => {
      const raw: RawCalls = opened.use(connectRaw(one.endpoint));
      return [one, { raw, samples: new Map<StatsCall, number[]>() }];
    }),
  );
  await inTurns(contestants, signal, async (one, counts) => {
    const { raw, samples } = all.get(one) ?? {};
    for (const call of statsCalls) {
      await delay(pauseMs);
      const ms = await raw?.time(call, pods);
      if (counts && ms !== undefined) samples?.set(call, [...(samples.get(call) ?? []), ms]);
    }
  });
  return new Map([...all].map(([one, { samples }]) => [one, samples]));
}

async function measureScrapes(
  contestants: readonly Contestant[],
  results: ReadonlyMap<Contestant, StatsResult>,
  signal: AbortSignal,
): Promise<void> {
  const times = new Map(contestants.map((one) => [one, { scrape: [] as number[], pause: [] as number[] }]));
  await inTurns(contestants, signal, async (one, counts) => {
    if (one.metrics === undefined) return;
    await delay(pauseMs);
    const begun = performance.now();
    await getBytes(one.metrics);
    if (counts) times.get(one)?.scrape.push(performance.now() - begun);
    // The next scrape tells of the loop since this one; this one began it anew.
    await delay(pauseMs);
    const held = /^cricket_event_loop_delay_seconds (\S+)$/m.exec(await get(one.metrics))?.[1];
    if (counts && held !== undefined) times.get(one)?.pause.push(Number(held) * 1000);
  });
  for (const [one, { scrape, pause }] of times)
    Object.assign(results.get(one) ?? {}, { scrape: summarize(scrape), pause: summarize(pause) });
}

/** The first turn of each does not count: descriptors are opened, caches filled. */
async function inTurns(
  contestants: readonly Contestant[],
  signal: AbortSignal,
  work: (one: Contestant, counts: boolean) => Promise<void>,
): Promise<void> {
  for (let round = 0; round <= rounds; round += 1)
    for (const one of round % 2 === 0 ? contestants : contestants.toReversed()) {
      signal.throwIfAborted();
      await work(one, round > 0);
    }
}

async function idleShares(
  contestants: readonly Contestant[],
  idleMs: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<Contestant, number>> {
  await delay(settleMs, undefined, { signal });
  const pids = contestants.map((one) => [one, listener(one.endpoint.replace('unix://', ''))] as const);
  const before = pids.map(([, pid]) => processorMs(pid));
  await delay(idleMs, undefined, { signal });
  return new Map(pids.map(([one, pid], i) => [one, ((processorMs(pid) - (before[i] ?? 0)) / idleMs) * 100]));
}

/** User and system time of all threads; clock ticks are 10 ms. */
function processorMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
