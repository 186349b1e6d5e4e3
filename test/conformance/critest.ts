import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { mounts } from '../leftovers/kernel.ts';
import { cacheDir } from '../fixtures/images/inputs.ts';

export interface Spec {
  /** Without critest's own tags: `Container runtime should … runtime should support execSync`. */
  readonly name: string;
  readonly state: 'passed' | 'skipped' | 'failed';
  readonly seconds: number;
  /** What it said of a failure, or of a skip of its own making. */
  readonly message: string;
}

interface Report {
  readonly SpecReports: readonly {
    readonly ContainerHierarchyTexts: readonly string[] | null;
    readonly LeafNodeType: string;
    readonly LeafNodeText: string;
    readonly State: string;
    readonly RunTime: number;
    readonly Failure?: { readonly Message: string; readonly Location: { FileName: string; LineNumber: number } };
    readonly CapturedGinkgoWriterOutput?: string;
  }[];
}

/**
 * Runs critest to its end, one at a time on a machine: its host ports are fixed. `dir` must be its own.
 * Errors: no report was written, with what it said instead.
 */
export async function runCritest(endpoint: string, dir: string, more: readonly string[]): Promise<readonly Spec[]> {
  const critest = build();
  const files = join(dir, 'tmp');
  const report = join(dir, 'report.json');
  const logFile = join(dir, 'critest.log');
  mkdirSync(files, { recursive: true });
  const args = ['-config', '/dev/null', '-runtime-endpoint', endpoint, '-ginkgo.no-color'];
  const reporting = ['-ginkgo.timeout=25m', `-ginkgo.json-report=${report}`, ...more];
  const log = openSync(logFile, 'a');
  try {
    await finished([critest, ...args, ...reporting], log, { ...process.env, TMPDIR: files });
    return readReport(report);
  } catch (error) {
    throw new Error(`critest made no report: ${String(error)}\n${readFileSync(logFile, 'utf8').slice(-4000)}`);
  } finally {
    closeSync(log);
    removeFiles(files);
  }
}

function build(): string {
  const tools = join(import.meta.dirname, '../../hack/lab/go-tools');
  return execFileSync(tools, ['critest'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}

/** Dies with this process. Failed specs make its exit code 1: the report tells more. */
async function finished(command: readonly string[], log: number, env: NodeJS.ProcessEnv): Promise<void> {
  const lock = join(cacheDir(), 'locks/critest');
  mkdirSync(join(lock, '..'), { recursive: true });
  const bound = ['--pdeathsig', 'KILL'];
  const args = [...bound, 'flock', '-w', '900', '-o', lock, 'setpriv', ...bound, ...command];
  const child = spawn('setpriv', args, { stdio: ['ignore', log, log], env });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => resolve());
  });
}

function readReport(path: string): Spec[] {
  const suites = JSON.parse(readFileSync(path, 'utf8')) as readonly Report[];
  const all = suites.flatMap(({ SpecReports }) => SpecReports);
  // Set-up of the whole suite counts when it fails.
  return all
    .filter(({ LeafNodeType, State }) => LeafNodeType === 'It' || State !== 'passed')
    .map((spec) => ({
      name: nameOf([...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText || spec.LeafNodeType]),
      state: spec.State === 'passed' || spec.State === 'skipped' ? spec.State : 'failed',
      seconds: spec.RunTime / 1e9,
      message: messageOf(spec),
    }));
}

const nameOf = (texts: readonly string[]): string =>
  texts
    .join(' ')
    .replaceAll(/\s*\[(k8s\.io|Conformance|Serial)\]/g, '')
    .trim();

function messageOf({ State, Failure, CapturedGinkgoWriterOutput }: Report['SpecReports'][number]): string {
  if (Failure === undefined) return State === 'passed' || State === 'skipped' ? '' : State;
  const { Message, Location } = Failure;
  const place = `${Location.FileName}:${Location.LineNumber}`;
  return State === 'skipped' ? Message : `${State} at ${place}: ${Message}\n${CapturedGinkgoWriterOutput ?? ''}`;
}

/** Mount specs that fail leave bind mounts. */
function removeFiles(folder: string): void {
  const points = mounts().flatMap(({ point }) => (point.startsWith(`${folder}/`) ? [point] : []));
  for (const point of points.reverse()) execFileSync('umount', ['-l', point]);
  rmSync(folder, { recursive: true, force: true });
}
