import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { preparedRoot } from '../../../test/fixtures/images/images.ts';
import { chooseLanes, laneNames } from './lanes.ts';
import type { Lane, Machine } from './lanes.ts';
import { startMachine, wasReset } from './machine.ts';
import type { Boot } from './machine.ts';
import type { Counts } from './part.ts';
import { line, startPart, subject, total } from './parts.ts';
import { variablesOf } from './settings.ts';

const usage = `usage: hack/test [--all] [--lane ${laneNames.join('|')}]... [--only GLOB]...`;

interface LaneResult extends Counts {
  readonly name: string;
  readonly seconds: number;
}

const root = join(import.meta.dirname, '../../..');
process.chdir(root);
const lanes = chooseLanes(parseChoice(), root);
let interrupts = 0;
let running: { readonly end: (signal: NodeJS.Signals) => void } | undefined;
// The first lets the running test end, the second only its hooks, which clean up, the third nothing.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    running?.end(interrupts < 2 ? 'SIGTERM' : 'SIGKILL');
    interrupts++;
  });

const results: LaneResult[] = [];
for (const lane of lanes) if (!stopped()) results.push(await runLane(lane));
summarize(results);

async function runLane(lane: Lane): Promise<LaneResult> {
  const begun = performance.now();
  const variables = variablesOf(lane);
  const run = lane.machine === undefined ? runHere(lane, variables) : runInMachine(lane, lane.machine, variables);
  const counts = await run;
  return { ...total(counts), name: lane.name, seconds: (performance.now() - begun) / 1000 };
}

async function runHere({ name, files, together, minutes }: Lane, variables: readonly string[]): Promise<Counts[]> {
  const before = { ...process.env };
  Object.assign(process.env, Object.fromEntries(variables.map((variable) => variable.split(/=(.*)/s, 2))));
  // What is built once on a machine is built before the limits of a test count. Those that run together need no image.
  if (!together) await preparedRoot();
  const counts: Counts[] = [];
  for (const part of together ? [files] : files.map((file) => [file])) {
    if (stopped()) break;
    console.log(`==> ${name}: ${subject(part)}`);
    const begun = startPart(part, undefined, minutes);
    running = begun;
    counts.push(await begun.counts);
  }
  process.env = before;
  return counts;
}

async function runInMachine({ name, files }: Lane, machine: Machine, variables: readonly string[]) {
  const boot = async (more: Partial<Boot> = {}) => {
    const begins = (file: string) => console.log(`==> ${name}: ${file}`);
    const started = await startMachine({ machine, files, variables, ...more }, begins);
    running = started;
    return started.counts;
  };
  if (machine.resets !== true) return boot();
  const folder = mkdtempSync(join(tmpdir(), 'cricket-disk-'));
  try {
    const nth = async (number: number) =>
      boot({ disk: join(folder, 'disk'), variables: [...variables, `CRICKET_TEST_BOOT=${number}`] });
    const first = await nth(1);
    return wasReset(first, files) && !stopped() ? await nth(2) : first;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function summarize(lanesRun: readonly LaneResult[]): void {
  console.log('\n==> summary');
  for (const { name, seconds, ...counts } of lanesRun)
    console.log(`${name.padEnd(12)} ${seconds.toFixed(1).padStart(7)} s  ${line(counts)}`);
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
