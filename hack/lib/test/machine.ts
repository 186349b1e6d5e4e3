import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { preparedRoot } from '../../../test/fixtures/images/images.ts';
import { compileTests } from './compiled.ts';
import { mark } from './in-machine.ts';
import type { Plan, Told } from './in-machine.ts';
import type { Machine } from './lanes.ts';
import type { Output } from './output.ts';
import type { Counts } from './part.ts';
import { oneFailure } from './parts.ts';

const repository = join(import.meta.dirname, '../../..');
let installed: string | undefined;
let machines = 0;
/** Of what an emulated machine takes longer than an ordinary one; it counts for limits only. */
const slowness = 10;
const limitSeconds = 90 * 60;
/** What somebody may say to a run of the tests. */
const passedOn = ['CRICKET_CACHE', 'CRICKET_CRITEST_FOCUS', 'CRICKET_TEST_PODS', 'CRICKET_TEST_SEED', 'NO_COLOR'];

export interface RunningMachine {
  /** One for each file that ran, and one for those that the machine did not get to. */
  readonly counts: Promise<readonly Counts[]>;
  readonly end: (signal: NodeJS.Signals) => void;
}

export interface Boot {
  readonly machine: Machine;
  readonly files: readonly string[];
  /** NAME=value. */
  readonly variables: readonly string[];
  /** Of a machine that goes on after this boot: the file that /scratch is. */
  readonly disk?: string;
  readonly output: Output;
}

/** Runs test files in a machine of their own, against a build of this checkout. */
export async function startMachine(
  { machine, files, variables, disk, output }: Boot,
  begins: (file: string) => void,
): Promise<RunningMachine> {
  // What is written there is lost with it: what takes long to make is made here.
  await preparedRoot();
  const environment = [
    ...variables,
    `CRICKET_TEST_SLOWNESS=${slowness}`,
    `CRICKET_TEST_INSTALLED=${(installed ??= installBuild())}`,
    // Writable layers in memory would make no I/O.
    'TMPDIR=/scratch',
    'NODE_COMPILE_CACHE=/tmp/compiled',
    ...passedOn.flatMap((name) => (name in process.env ? [`${name}=${process.env[name]}`] : [])),
  ].flatMap((variable) => ['-e', variable]);
  const kind = [...(machine.systemd ? ['-s'] : []), ...(machine.hybrid ? ['-1'] : [])];
  const options = [...kind, '-k', machine.kernel, '-m', '4096', '-d', '4096', '-t', `${limitSeconds}`, ...environment];
  if (disk !== undefined) options.push('-D', disk);
  // One of its own: while a machine runs, others may be started from this checkout.
  const made = join(repository, `node_modules/.cache/tests-${process.pid}-${machines++}`);
  process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  const compiled = await compileTests(repository, made, files);
  const madeOf = (file: string) => compiled.get(file) ?? file;
  const plan: Plan = { part: madeOf('hack/lib/test/part.ts'), files: files.map((file) => [file, madeOf(file)]) };
  const command = [join(repository, 'hack/node'), madeOf('hack/lib/test/in-machine.ts'), JSON.stringify(plan)];
  const run = [join(repository, 'hack/vm/run'), ...options, '--', ...command];
  // What runs here beside it is looked at by people, and has the shorter limits.
  const child = spawn('nice', ['-n', '5', ...run], { cwd: repository, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stderr.on('data', output.error);
  const end = (signal: NodeJS.Signals = 'SIGTERM') => void child.kill(signal);
  const endAtExit = () => end();
  process.once('exit', endAtExit);
  const counts = collect(createInterface({ input: child.stdout }), files, { begins, write: output.write });
  void counts.finally(() => process.removeListener('exit', endAtExit));
  return { counts, end };
}

async function collect(
  lines: AsyncIterable<string>,
  files: readonly string[],
  { begins, write }: { readonly begins: (file: string) => void } & Pick<Output, 'write'>,
): Promise<readonly Counts[]> {
  const results = new Map<string, Counts>();
  for await (const line of lines) {
    if (!line.startsWith(mark)) {
      write(line);
      continue;
    }
    const { file, counts, seconds = 0 } = JSON.parse(line.slice(mark.length)) as Told;
    if (counts === undefined) begins(file);
    else {
      write(`  ${file}: ${seconds.toFixed(0)} s`);
      results.set(file, counts);
    }
  }
  const missing = files.filter((file) => !results.has(file));
  return [...results.values(), ...missing.map(lost)];
}

const lost = (file: string): Counts => oneFailure(`${file}: the machine ended before its end`);

/** Whether the machine ended in the midst of its file, and nothing failed before. */
export function wasReset(counts: readonly Counts[], [file = '']: readonly string[]): boolean {
  return JSON.stringify(counts) === JSON.stringify([lost(file)]);
}

/** Answers the folder that /usr/lib/cricket/current is elsewhere. One of the checkout's own: others build too. */
function installBuild(): string {
  const root = join(repository, 'node_modules/.cache/installed');
  mkdirSync(root, { recursive: true });
  execFileSync(join(repository, 'hack/install'), ['--root', root], { stdio: ['ignore', 'ignore', 'inherit'] });
  const lib = join(root, 'usr/lib/cricket');
  return join(lib, readlinkSync(join(lib, 'current')));
}
