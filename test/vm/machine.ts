import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stepMark } from './guest/steps.ts';
import type { StepResult } from './guest/steps.ts';

const repository = join(import.meta.dirname, '../..');
const cache = process.env['CRICKET_CACHE'] ?? '/var/cache/cricket-lab';

/** The build that the machines run, made of this checkout: the folder that /usr/lib/cricket shall be there. */
export function installForMachines(): string {
  const root = join(cache, 'vm/installed');
  execFileSync(join(repository, 'hack/install'), ['--root', root], { stdio: ['ignore', 'ignore', 'inherit'] });
  return join(root, 'usr/lib/cricket');
}

/** Runs a file of test/vm/guest in a machine (options of hack/vm/run) and collects what its steps came to. */
export async function runGuest(
  options: readonly string[],
  [file, ...args]: readonly [string, ...string[]],
): Promise<ReadonlyMap<string, StepResult>> {
  const command = [join(repository, 'hack/node'), join(import.meta.dirname, 'guest', file), ...args];
  const child = spawn(join(repository, 'hack/vm/run'), [...options, '--', ...command], {
    cwd: repository,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const end = () => void child.kill('SIGTERM');
  process.once('exit', end);
  const results = new Map<string, StepResult>();
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith(stepMark)) {
      console.log(`      ${line}`);
      continue;
    }
    const result = JSON.parse(line.slice(stepMark.length)) as StepResult;
    results.set(result.name, result);
  }
  process.removeListener('exit', end);
  return results;
}

/** Runs a test file of this checkout in a machine, against the installed build; its exit code. */
export async function runTestsIn(kernel: string, installed: string, file: string): Promise<number | null> {
  const environment = [
    `CRICKET_TEST_MAIN=${join(installed, 'current/dist/main.js')}`,
    'CRICKET_TEST_TIMEOUT=120000',
    'NODE_COMPILE_CACHE=/tmp/compiled',
  ].flatMap((variable) => ['-e', variable]);
  const command = [join(repository, 'hack/node'), join(repository, 'hack/lib/test/part.ts'), file];
  // On a disk of its own: writable layers in memory would make no I/O.
  const disk = ['-d', '1024', '-e', 'TMPDIR=/scratch'];
  const args = ['-k', kernel, '-m', '4096', '-t', '800', ...disk, ...environment, '--', ...command];
  const child = spawn(join(repository, 'hack/vm/run'), args, {
    cwd: repository,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const end = () => void child.kill('SIGTERM');
  process.once('exit', end);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  process.removeListener('exit', end);
  return code;
}

/** Throws what the step threw there. */
export function expectStep(results: ReadonlyMap<string, StepResult>, name: string): void {
  const result = results.get(name);
  if (result === undefined) throw new Error('the machine ended before it: see above');
  if (result.error !== undefined) throw new Error(result.error);
}
