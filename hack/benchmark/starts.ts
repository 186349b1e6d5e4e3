import type { Contestant } from './contestant.ts';
import { summarize } from './samples.ts';
import type { Summary } from './samples.ts';

export interface StartPoint {
  readonly pods: number;
  /** Milliseconds from the start of the process to the first answer that lists every pod. */
  readonly ms: Summary;
}

const times = 7;

/** Ends and starts each daemon of ours several times, in turns, over the pods that run; none for those not ours. */
export async function measureStarts(
  contestants: readonly Contestant[],
  signal: AbortSignal,
): Promise<ReadonlyMap<Contestant, StartPoint>> {
  const taken = new Map<Contestant, number[]>();
  for (let i = 0; i < times; i += 1) {
    for (const contestant of contestants) {
      signal.throwIfAborted();
      const { service, standing, cri } = contestant;
      if (service === undefined) continue;
      await service.end();
      const ms = await service.start(standing.length);
      await cri.ready(15_000);
      taken.set(contestant, [...(taken.get(contestant) ?? []), ms]);
    }
  }
  return new Map(
    [...taken].flatMap(([contestant, values]) => {
      const ms = summarize(values);
      return ms === undefined ? [] : [[contestant, { pods: contestant.standing.length, ms }]];
    }),
  );
}
