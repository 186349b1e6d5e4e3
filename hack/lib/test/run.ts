import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { preparedRoot } from '../../../test/fixtures/images/images.ts';
import { chooseLanes, laneNames } from './lanes.ts';
import type { Lane, Machine } from './lanes.ts';
import { startMachine, wasReset } from './machine.ts';
import type { Boot } from './machine.ts';
import { openLog, toConsole } from './output.ts';
import type { Log } from './output.ts';
import type { Counts } from './part.ts';
import { line, startPart, subject, total } from './parts.ts';
import { variablesOf } from './settings.ts';

const usage = `usage: hack/test [--all] [--lane ${laneNames.join('|')}]... [--only GLOB]...`;

interface LaneResult extends Counts {
  readonly name: string;
  readonly seconds: number;
  readonly log: Log | undefined;
}

const widest = Math.max(...laneNames.map(({ length }) => length));
const shown = (seconds: number): string => `${seconds.toFixed(1).padStart(7)} s`;
const told = ({ name, seconds, ...counts }: Omit<LaneResult, 'log'>): string =>
  `${name.padEnd(widest)} ${shown(seconds)}  ${line(counts)}`;

const root = join(import.meta.dirname, '../../..');
process.chdir(root);
const lanes = chooseLanes(parseChoice(), root);
let interrupts = 0;
const running = new Set<{ readonly end: (signal: NodeJS.Signals) => void }>();
// The first lets the running test end, the second only its hooks, which clean up, the third nothing.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    for (const one of running) one.end(interrupts < 2 ? 'SIGTERM' : 'SIGKILL');
    interrupts++;
  });

const begunAll = performance.now();
const results = await runLanes();
summarize(results);

/**
 * A machine has one processor, so two lanes run at once: those of this machine one after the other, beside them those in
 * emulated ones, and two of those when the others are through.
 */
async function runLanes(): Promise<LaneResult[]> {
  const here = lanes.filter(({ machine }) => machine === undefined);
  const emulated = lanes.filter(({ machine }) => machine !== undefined);
  const through: LaneResult[] = [];
  const work = async (from: readonly Lane[][]) => {
    for (const queue of from)
      for (let lane = queue.shift(); lane !== undefined && !stopped(); lane = queue.shift())
        through.push(await runLane(lane));
  };
  await Promise.all([work([here, emulated]), work([emulated])]);
  return lanes.flatMap(({ name }) => through.filter((result) => result.name === name));
}

async function runLane(lane: Lane): Promise<LaneResult> {
  const begun = performance.now();
  const variables = variablesOf(lane);
  const { name, machine } = lane;
  const log = machine === undefined || lanes.length === 1 ? undefined : openLog(name);
  if (log !== undefined) console.log(`==> ${name} beside it: ${log.path}`);
  const counts = await (machine === undefined
    ? runHere(lane, variables)
    : runInMachine(lane, machine, { variables, output: log ?? toConsole }));
  const result = { ...total(counts), name, seconds: (performance.now() - begun) / 1000 };
  if (log !== undefined) console.log(`==> end of ${told(result)}`);
  return { ...result, log };
}

async function runHere({ name, files, together, minutes }: Lane, variables: readonly string[]): Promise<Counts[]> {
  // What is built once on a machine is built before the limits of a test count. Those that run together need no image.
  if (!together) await preparedRoot();
  const counts: Counts[] = [];
  for (const part of together ? [files] : files.map((file) => [file])) {
    if (stopped()) break;
    console.log(`==> ${name}: ${subject(part)}`);
    counts.push(await ended(startPart(part, { minutes, variables })));
  }
  return counts;
}

async function runInMachine({ name, files }: Lane, machine: Machine, given: Pick<Boot, 'variables' | 'output'>) {
  const boot = async (more: Partial<Boot> = {}) => {
    const begins = (file: string) => given.output.write(`==> ${name}: ${file}`);
    return ended(await startMachine({ machine, files, ...given, ...more }, begins));
  };
  if (machine.resets !== true) return boot();
  const folder = mkdtempSync(join(tmpdir(), 'cricket-disk-'));
  try {
    const nth = async (number: number) =>
      boot({ disk: join(folder, 'disk'), variables: [...given.variables, `CRICKET_TEST_BOOT=${number}`] });
    const first = await nth(1);
    return wasReset(first, files) && !stopped() ? await nth(2) : first;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function ended<T>(begun: { readonly counts: Promise<T>; readonly end: (signal: NodeJS.Signals) => void }) {
  running.add(begun);
  try {
    return await begun.counts;
  } finally {
    running.delete(begun);
  }
}

function summarize(lanesRun: readonly LaneResult[]): void {
  for (const { name, failed, log } of lanesRun)
    if (failed > 0 && log !== undefined) console.log(`\n==> ${name}, which failed:\n${log.text()}`);
  console.log('\n==> summary');
  for (const result of lanesRun) console.log(told(result));
  if (lanesRun.length > 1) console.log(`${'together'.padEnd(widest)} ${shown((performance.now() - begunAll) / 1000)}`);
  const all = total(lanesRun);
  for (const failure of all.failures) console.log(`FAILED  ${failure.replaceAll('\n', '\n        ')}`);
  if (stopped()) console.log('interrupted: not all has run');
  if (lanesRun.length === 0) console.log('no test file was chosen');
  console.log(line(all));
  process.exitCode = all.failed > 0 || stopped() || lanesRun.length === 0 ? 1 : 0;
}

/** A function, as the compiler believes that nothing else changes the variable. */
function stopped(): boolean {
  return interrupts > 0;
}

function parseChoice() {
  try {
    const { values } = parseArgs({
      options: {
        all: { type: 'boolean' },
        lane: { type: 'string', multiple: true },
        only: { type: 'string', multiple: true },
      },
    });
    const unknown = values.lane?.find((name) => !laneNames.includes(name));
    if (unknown !== undefined) throw new Error(`no lane "${unknown}"`);
    return { all: values.all ?? false, lanes: values.lane ?? [], only: values.only ?? [] };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    process.exit(2);
  }
}
