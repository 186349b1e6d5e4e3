import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import type { Contestant } from './contestant.ts';
import { summarize } from './samples.ts';
import type { Summary } from './samples.ts';

export interface StreamsResult {
  /** Seconds from the start of crictl to its end, while a program prints 500 MiB. */
  readonly output: Summary;
  /** Milliseconds of one byte through `crictl exec -i ID cat` and back. */
  readonly roundTrip: Summary;
}

const outputs = 5;
const trips = 200;
/** 500 MiB, in writes of 64 KiB: what a pipe takes at once. */
const printing = ['dd', 'if=/dev/zero', 'bs=64k', 'count=8000'];

/** Both measured through the same crictl, over SPDY as the kubelet speaks it, the daemons in turns. */
export async function measureStreams(
  contestants: readonly Contestant[],
  signal: AbortSignal,
): Promise<ReadonlyMap<Contestant, StreamsResult>> {
  const crictl = crictlBinary();
  const output = new Map<Contestant, number[]>(contestants.map((one) => [one, []]));
  const roundTrip = new Map<Contestant, number[]>(contestants.map((one) => [one, []]));
  for (let i = 0; i < outputs; i += 1) {
    for (const one of i % 2 === 0 ? contestants : contestants.toReversed()) {
      signal.throwIfAborted();
      output.get(one)?.push(await timeOutput(crictl, one));
      roundTrip.get(one)?.push(...(await timeTrips(crictl, one, trips / outputs)));
    }
  }
  return new Map(
    contestants.flatMap((one) => {
      const [seconds, ms] = [summarize(output.get(one) ?? []), summarize(roundTrip.get(one) ?? [])];
      return seconds === undefined || ms === undefined ? [] : [[one, { output: seconds, roundTrip: ms }]];
    }),
  );
}

function argumentsFor({ endpoint, standing }: Contestant, flags: readonly string[], command: readonly string[]) {
  const container = standing[0]?.container;
  if (container === undefined) throw new Error('no container to run a program in');
  const [image, runtime] = ['--image-endpoint', '--runtime-endpoint'].map((flag) => [flag, endpoint]);
  return [
    '--config',
    '/dev/null',
    ...(runtime ?? []),
    ...(image ?? []),
    'exec',
    '-r',
    'spdy',
    ...flags,
    container,
    ...command,
  ];
}

async function timeOutput(crictl: string, one: Contestant): Promise<number> {
  const nowhere = openSync('/dev/null', 'w');
  const begun = performance.now();
  const child = spawn(crictl, argumentsFor(one, [], printing), { stdio: ['ignore', nowhere, 'ignore'] });
  closeSync(nowhere);
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${one.name}: crictl exec ended with ${code ?? 'a signal'}`);
  return (performance.now() - begun) / 1000;
}

async function timeTrips(crictl: string, one: Contestant, count: number): Promise<number[]> {
  const child = spawn(crictl, argumentsFor(one, ['-i'], ['cat']), { stdio: ['pipe', 'pipe', 'ignore'] });
  const trip = async () => {
    const back = once(child.stdout, 'data');
    const begun = performance.now();
    child.stdin.write('x');
    await back;
    return performance.now() - begun;
  };
  try {
    // The first ones find the program starting.
    for (let i = 0; i < 10; i += 1) await trip();
    const taken: number[] = [];
    while (taken.length < count) taken.push(await trip());
    return taken;
  } finally {
    child.stdin.end();
    await once(child, 'exit');
  }
}

function crictlBinary(): string {
  const script = join(import.meta.dirname, '../lab/go-tools');
  return execFileSync(script, ['crictl'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}
