import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fail, messageOf } from '../../base/errors.ts';
import { describeSpan, traced } from '../../base/trace.ts';
import { exitCodeOf } from '../../linux/pidfd.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import { execFailure } from '../oci/exec-failure.ts';
import { execContainer } from '../oci/runtime.ts';
import type { Captured } from '../../linux/capture.ts';
import type { Container } from '../store/store.ts';
import type { Parts } from '../parts.ts';
import { containerTitle } from './record.ts';
import { runtimeOf } from './release.ts';

export type ExecParts = Pick<
  Parts,
  'cgroups' | 'lifetime' | 'log' | 'paths' | 'reach' | 'runtimes' | 'settings' | 'watcher'
>;

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** Bytes of stdout and stderr together: an answer must stay below the kubelet's 16 MiB. */
export const execOutputLimit = 15 * 1024 * 1024;

/**
 * Runs a command in a running container to its end. Its processes have a cgroup of their own inside the
 * container's: at the timeout, or when the caller goes, all of them are killed, daemonised ones too.
 * Errors: `deadline_exceeded` after `seconds` (0: no limit), `failed_precondition` unless it runs,
 * `invalid_argument` for a command that cannot be run.
 */
export async function execSync(
  parts: ExecParts,
  container: Container,
  request: { readonly command: readonly string[]; readonly seconds: number },
  signal: AbortSignal,
): Promise<ExecResult> {
  const { record } = container;
  if (container.state.kind !== 'running')
    throw fail('failed_precondition', `exec in ${containerTitle(record)}: it is ${container.state.kind}, not running`);
  using _moves = parts.cgroups.expectMoves();
  const name = `exec-${randomBytes(6).toString('hex')}`;
  describeSpan({ 'container.id': record.id, 'k8s.container.name': record.config.name });
  const group = await traced('exec.cgroup', () => parts.cgroups.createExec(record.cgroup as CgroupPath, name));
  const processFile = join(parts.paths.container(record.id).bundle, `${name}.json`);
  const timer = request.seconds > 0 ? AbortSignal.timeout(Math.min(request.seconds * 1000, 2 ** 31 - 1)) : undefined;
  const ending = AbortSignal.any([signal, parts.lifetime, ...(timer === undefined ? [] : [timer])]);
  try {
    await traced('exec.process', async () =>
      writeFile(processFile, await processFor(parts, container, request.command), { mode: 0o600 }),
    );
    const { result, killed } = await traced('exec.run', () =>
      run(parts, container, { name, group, processFile, ending }),
    );
    parts.reach('exec:exited');
    if (!killed) return toResult(container, result);
    if (timer?.aborted === true)
      throw fail('deadline_exceeded', `exec in ${containerTitle(record)}: timed out after ${request.seconds} s`);
    throw fail('cancelled', `exec in ${containerTitle(record)}: the caller went away`);
  } finally {
    // The answer does not wait for it: what stays behind goes with the container.
    void leave(parts, container, group, processFile);
  }
}

interface Run {
  readonly name: string;
  readonly group: CgroupPath;
  readonly processFile: string;
  readonly ending: AbortSignal;
}

async function run(
  parts: ExecParts,
  container: Container,
  { name, group, processFile, ending }: Run,
): Promise<{ readonly result: Captured; readonly killed: boolean }> {
  let killed = false;
  let ended = false;
  const kill = async () => {
    killed = true;
    // Again and again: the runtime may not have put the program into its cgroup yet.
    while (!ended) {
      await killAll(parts, group);
      await delay(20);
    }
  };
  const onAbort = () => void kill();
  const result = await execContainer(parts.watcher, runtimeOf(parts, container.record.handler), {
    id: container.record.id,
    processFile,
    cgroup: name,
    limit: execOutputLimit,
    onStart: (child) => {
      void child.ended.finally(() => (ended = true));
      parts.reach('exec:spawned');
      if (ending.aborted) onAbort();
      else ending.addEventListener('abort', onAbort, { once: true });
    },
  });
  ending.removeEventListener('abort', onAbort);
  return { result, killed };
}

async function killAll(parts: ExecParts, group: CgroupPath): Promise<void> {
  try {
    await parts.cgroups.kill(group, AbortSignal.timeout(10_000));
  } catch (error) {
    parts.log.warn({ cgroup: group, reason: messageOf(error) }, 'processes of an exec could not be killed');
  }
}

/** What a normal end leaves running lives on in the container's own cgroup; then ours goes, with its file. */
async function leave(parts: ExecParts, container: Container, group: CgroupPath, processFile: string): Promise<void> {
  try {
    await rm(processFile, { force: true });
    for (const pid of parts.cgroups.processes(group)) moveQuietly(parts, pid, container.record.cgroup as CgroupPath);
    await parts.cgroups.remove(group, AbortSignal.timeout(2_000));
  } catch (error) {
    parts.log.debug({ cgroup: group, reason: messageOf(error) }, 'cgroup of an exec goes with its container');
  }
}

function moveQuietly(parts: ExecParts, pid: number, to: CgroupPath): void {
  try {
    parts.cgroups.move(pid, to);
  } catch {
    // It ended meanwhile.
  }
}

type ProcessSection = Readonly<Record<string, unknown>>;
/** Kept while the container is known: probes come every few seconds. */
const processes = new WeakMap<Container, ProcessSection>();

/** The container's own process (user, environment, capabilities, limits) with other arguments and no terminal. */
async function processFor(parts: ExecParts, container: Container, command: readonly string[]): Promise<string> {
  let section = processes.get(container);
  if (section === undefined) {
    const text = await readFile(parts.paths.container(container.record.id).spec, 'utf8');
    section = (JSON.parse(text) as { readonly process: ProcessSection }).process;
    processes.set(container, section);
  }
  return JSON.stringify({ ...section, terminal: false, args: command });
}

function toResult(container: Container, result: Captured): ExecResult {
  const failure = execFailure(result);
  if (failure !== undefined)
    throw fail(
      'invalid_argument',
      `exec in ${containerTitle(container.record)}: ${failure}; name a program that the container has and its user may run`,
    );
  const mark = result.cut ? Buffer.from(`\n[output cut at ${execOutputLimit} bytes]\n`) : Buffer.alloc(0);
  const { ending, stdout, stderr } = result;
  return { exitCode: exitCodeOf(ending), stdout, stderr: Buffer.concat([stderr, mark]) };
}
