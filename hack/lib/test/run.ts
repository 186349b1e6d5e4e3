import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chooseLanes, laneNames } from './lanes.ts';
import type { Lane } from './lanes.ts';
import type { Counts } from './part.ts';

const usage = `usage: hack/test [--all] [--lane ${laneNames.join('|')}]... [--only GLOB]`;
/** No file may take longer: a hanging one is ended and counts as failed. */
const fileTimeoutMs = 30 * 60_000;

interface LaneResult extends Counts {
  readonly name: string;
  readonly seconds: number;
}

const root = join(import.meta.dirname, '../../..');
process.chdir(root);
const lanes = chooseLanes(parseChoice(), root);
let interrupted = false;
let running: ChildProcess | undefined;
// The first lets the running test and its hooks end, the second does not.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    running?.kill(interrupted ? 'SIGKILL' : 'SIGTERM');
    interrupted = true;
  });

const results: LaneResult[] = [];
for (const lane of lanes) if (!stopped()) results.push(await runLane(lane));
summarize(results);

async function runLane({ name, files, together }: Lane): Promise<LaneResult> {
  const begun = performance.now();
  const counts: Counts[] = [];
  const parts = together ? [files] : files.map((file) => [file]);
  for (const part of parts) {
    if (stopped()) break;
    console.log(`==> ${name}: ${subject(part)}`);
    counts.push(await runPart(part));
  }
  return { ...total(counts), name, seconds: (performance.now() - begun) / 1000 };
}

/** A part that ends without having counted, or after it should have, counts as one failure. */
async function runPart(files: readonly string[]): Promise<Counts> {
  const child = fork(join(import.meta.dirname, 'part.ts'), ['--leave-nothing', ...files], {
    timeout: fileTimeoutMs,
    killSignal: 'SIGKILL',
  });
  running = child;
  const told: Counts[] = [];
  child.on('message', (counts) => told.push(counts as Counts));
  const how = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${String(code)}`));
  });
  return (
    told[0] ?? { passed: 0, failed: 1, skipped: 0, failures: [`${subject(files)}: ended by ${how} before its end`] }
  );
}

function subject(files: readonly string[]): string {
  return files.length === 1 ? files.join('') : `${files.length} files`;
}

function total(counts: readonly Counts[]): Counts {
  const sum = (of: (count: Counts) => number) => counts.reduce((all, one) => all + of(one), 0);
  return {
    passed: sum(({ passed }) => passed),
    failed: sum(({ failed }) => failed),
    skipped: sum(({ skipped }) => skipped),
    failures: counts.flatMap(({ failures }) => failures),
  };
}

function summarize(lanesRun: readonly LaneResult[]): void {
  console.log('\n==> summary');
  for (const { name, seconds, ...counts } of lanesRun)
    console.log(`${name.padEnd(12)} ${seconds.toFixed(1).padStart(7)} s  ${line(counts)}`);
  const all = total(lanesRun);
  for (const failure of all.failures) console.log(`FAILED  ${failure}`);
  if (interrupted) console.log('interrupted: not all has run');
  if (lanesRun.length === 0) console.log('no test file was chosen');
  console.log(line(all));
  process.exitCode = all.failed > 0 || interrupted || lanesRun.length === 0 ? 1 : 0;
}

function line({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** A function, as the compiler believes that nothing else changes the variable. */
function stopped(): boolean {
  return interrupted;
}

function parseChoice() {
  try {
    const { values } = parseArgs({
      options: { all: { type: 'boolean' }, lane: { type: 'string', multiple: true }, only: { type: 'string' } },
    });
    const unknown = values.lane?.find((name) => !laneNames.includes(name));
    if (unknown !== undefined) throw new Error(`no lane "${unknown}"`);
    return { all: values.all ?? false, lanes: values.lane ?? [], only: values.only };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    process.exit(2);
  }
}
