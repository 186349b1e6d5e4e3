import { access, constants } from 'node:fs/promises';
import { basename } from 'node:path';
import { monotonicMs } from '../../base/clock.ts';
import { fail } from '../../base/errors.ts';
import { traced } from '../../base/trace.ts';
import { captureProgram } from '../../linux/capture.ts';
import type { Captured, CaptureOptions } from '../../linux/capture.ts';
import { runBounded } from '../../linux/run-bounded.ts';
import type { Owner } from '../../linux/fds.ts';
import { unitOf } from '../../cgroups/drivers/systemd.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import { spawnProcess } from '../../linux/process.ts';
import type { Child, SpawnOptions } from '../../linux/process.ts';
import { exitCodeOf } from '../../linux/pidfd.ts';
import type { Watcher } from '../../linux/watcher.ts';
import { z } from 'zod';

/** The daemon's children get this and nothing of its own environment. */
export const childEnvironment: readonly string[] = [
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
];

/** One OCI runtime (crun, runc) and the directory it keeps its own state in. */
export interface OciRuntime {
  readonly name: string;
  readonly path: string;
  readonly root: string;
  /** In front of each command. */
  readonly options: readonly string[];
  /** Names of annotations that it is told, or beginnings with `*`. */
  readonly annotations: readonly string[];
  /** Told of each call but exec, whose time is its program's: the operation, how many seconds, whether it succeeded. */
  readonly onCall?: (operation: string, seconds: number, ok: boolean) => void;
}

export interface ExecOptions {
  readonly id: string;
  /** process.json: the container's own process with other arguments. */
  readonly processFile: string;
  /** Below the container's cgroup; must exist in every hierarchy. */
  readonly cgroup: string;
  readonly limit: number;
  readonly onStart: (child: Child) => void;
  /** Whose its pipes are, where the container is in a user namespace. */
  readonly owner: Owner | undefined;
}

/**
 * Whether a container of this runtime is nothing but processes, a cgroup and a directory under its root: `delete`
 * is then no more than removing these. One that runs a virtual machine has more to give back.
 */
export function keepsOnlyDirectory({ path }: OciRuntime): boolean {
  return ['crun', 'runc'].includes(basename(path));
}

/**
 * Whether `exec` hands over the terminal that it makes (`--console-socket`) and stays until the program ends. runc does
 * so only when it detaches, and then nobody learns of the end: it is given a terminal of ours, and joins both.
 */
export function sendsTerminal({ path }: OciRuntime): boolean {
  return basename(path) !== 'runc';
}

/** What stands before `create`: where its state is, and whether systemd is to make the cgroup, as its path says. */
export function createFlags(runtime: OciRuntime, cgroup: CgroupPath): readonly string[] {
  return [...globalArguments(runtime), ...(unitOf(cgroup) === undefined ? [] : ['--systemd-cgroup'])];
}

/** What every call of the runtime begins with. */
export function globalArguments({ root, options }: OciRuntime): readonly string[] {
  return [`--root=${root}`, ...options];
}

/** Those of the annotations that the runtime is told. */
export function toldAnnotations(
  { annotations: allowed }: OciRuntime,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const isTold = (name: string) =>
    allowed.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));
  return Object.fromEntries(Object.entries(given).filter(([name]) => isTold(name)));
}

const messageLimit = 64 * 1024;

/** Milliseconds that `delete` may take, with the hooks of the container's end: those have no limit unless they say so. */
const deleteMs = 10_000;
const stateSchema = z.object({ status: z.string(), pid: z.number().default(0) });

const isInstalled = async ({ path }: OciRuntime) =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** Errors: `failed_precondition` where there is no such program. */
export async function requireProgram(runtime: OciRuntime): Promise<void> {
  if (await isInstalled(runtime)) return;
  const { name, path } = runtime;
  throw fail(
    'failed_precondition',
    `runtime handler ${name}: ${path} is no program; install it, or mend runtimes.${name}.path`,
  );
}

/** `start`: the created process runs the user's program. Errors: `unknown` with what the runtime said. */
export async function startContainer(watcher: Watcher, runtime: OciRuntime, id: string): Promise<void> {
  const result = await call(runtime, ['start', id], async (program) => captureProgram(watcher, program));
  if (exitCodeOf(result.ending) !== 0) throw fail('unknown', runtimeMessage(runtime, result));
}

/**
 * `delete --force`: kills what is left, removes its cgroup and state. A container it does not know is fine, and so is a
 * runtime that somebody has uninstalled: nobody is left to ask. Errors: `deadline_exceeded` for one that had to be ended,
 * with all that it ran.
 */
export async function deleteContainer(watcher: Watcher, runtime: OciRuntime, id: string): Promise<void> {
  if (!(await isInstalled(runtime))) return;
  const bounded = { input: '', timeoutMs: deleteMs, onStart: async () => Promise.resolve() };
  const forGood = new AbortController().signal;
  const result = await call(runtime, ['delete', '--force', id], async (program) =>
    runBounded(watcher, { ...program, ...bounded }, forGood),
  );
  if (result.ended !== undefined)
    throw fail(
      'deadline_exceeded',
      `delete ${id.slice(0, 13)}: ${runtime.name} and its hooks took more than ${deleteMs / 1000} s and were ended; give poststop hooks a timeout`,
    );
  if (exitCodeOf(result.ending) === 0) return;
  const message = runtimeMessage(runtime, result);
  if (/does not exist|no such file|not found/i.test(message)) return;
  throw fail('unavailable', `delete ${id.slice(0, 13)}: ${message}`);
}

/** What the runtime says of a container: `created`, `running`, `stopped`; undefined if it does not know it. */
export async function queryContainer(
  watcher: Watcher,
  runtime: OciRuntime,
  id: string,
): Promise<{ readonly status: string; readonly pid: number } | undefined> {
  const result = await call(runtime, ['state', id], async (program) => captureProgram(watcher, program));
  if (exitCodeOf(result.ending) !== 0) return undefined;
  return stateSchema.parse(JSON.parse(result.stdout.toString('utf8')));
}

/** Runs a program in the container and keeps its output; it ends when the program does. */
export async function execContainer(watcher: Watcher, runtime: OciRuntime, options: ExecOptions): Promise<Captured> {
  const { limit, onStart, owner } = options;
  // Without an input it would get the host's /dev/null, and crun (1.8 to 1.21) makes that its user's.
  return captureProgram(watcher, { ...execProgram(runtime, options), limit, onStart, owner, input: '' });
}

export interface StreamedExecOptions extends Pick<ExecOptions, 'id' | 'processFile' | 'cgroup'> {
  /** Standard input, output and error: of the program, or with a terminal of the runtime alone. */
  readonly fds: SpawnOptions['fds'];
  /** Where the master of the terminal is sent to; undefined: the program gets none. */
  readonly consoleSocket: string | undefined;
}

/** Starts a program in the container; the child is the runtime, which ends with the program and by its code. */
export function spawnExec(watcher: Watcher, runtime: OciRuntime, options: StreamedExecOptions): Child {
  const { fds, consoleSocket } = options;
  const console = consoleSocket === undefined ? [] : ['--console-socket', consoleSocket];
  return spawnProcess(watcher, { ...execProgram(runtime, options, console), fds });
}

function execProgram(
  runtime: OciRuntime,
  { id, processFile, cgroup }: Pick<ExecOptions, 'id' | 'processFile' | 'cgroup'>,
  more: readonly string[] = [],
): Omit<SpawnOptions, 'fds'> {
  const args = [...globalArguments(runtime), 'exec', '--process', processFile, '--cgroup', cgroup, ...more, id];
  return { path: runtime.path, args, env: childEnvironment };
}

async function call<R extends Captured>(
  runtime: OciRuntime,
  args: readonly string[],
  run: (program: Omit<CaptureOptions, 'input'>) => Promise<R>,
): Promise<R> {
  const program = {
    path: runtime.path,
    args: [...globalArguments(runtime), ...args],
    env: childEnvironment,
    limit: messageLimit,
  };
  const [operation = ''] = args;
  const begun = monotonicMs();
  const result = await traced(`${runtime.name} ${operation}`, () => run(program));
  runtime.onCall?.(operation, (monotonicMs() - begun) / 1000, exitCodeOf(result.ending) === 0);
  return result;
}

/** The last line of what it printed, without time stamps and log decoration. */
function runtimeMessage(runtime: OciRuntime, result: Captured): string {
  const text = result.stderr.toString('utf8').trim() || result.stdout.toString('utf8').trim();
  return cleanRuntimeMessage(text) || `${runtime.name} ended with ${exitCodeOf(result.ending)} and said nothing`;
}

/** crun writes `time: message`, runc `time="…" level=error msg="…"`: only the message is for people. */
export function cleanRuntimeMessage(text: string): string {
  const last = text.trim().split('\n').at(-1) ?? '';
  const quoted = /msg="((?:[^"\\]|\\.)*)"/.exec(last)?.[1];
  if (quoted !== undefined) return quoted.replaceAll('\\"', '"');
  return last.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z?: /, '');
}
