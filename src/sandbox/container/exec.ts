import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, messageOf } from '../../base/errors.ts';
import { exitCodeOf } from '../../linux/pidfd.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import { cleanRuntimeMessage, execContainer } from '../oci/runtime.ts';
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
 * Errors: `deadline_exceeded` after `seconds` (0: no limit), `failed_precondition` unless it runs.
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
  const name = `exec-${randomBytes(6).toString('hex')}`;
  const group = parts.cgroups.createExec(record.cgroup as CgroupPath, name);
  const processFile = join(parts.paths.container(record.id).bundle, `${name}.json`);
  const timer = request.seconds > 0 ? AbortSignal.timeout(Math.min(request.seconds * 1000, 2 ** 31 - 1)) : undefined;
  const ending = AbortSignal.any([signal, parts.lifetime, ...(timer === undefined ? [] : [timer])]);
  const kill = () => void killAll(parts, group);
  try {
    await writeFile(processFile, await processFor(parts, container, request.command), { mode: 0o600 });
    const result = await run(parts, container, { name, processFile, ending, kill });
    parts.reach('exec:exited');
    if (timer?.aborted === true)
      throw fail(
        'deadline_exceeded',
        `exec in ${containerTitle(record)}: command timed out after ${request.seconds} s`,
      );
    if (signal.aborted) throw fail('cancelled', `exec in ${containerTitle(record)}: the caller went away`);
    return toResult(container, result);
  } finally {
    ending.removeEventListener('abort', kill);
    await rm(processFile, { force: true });
    await leaveGroup(parts, container, group);
  }
}

interface Run {
  readonly name: string;
  readonly processFile: string;
  readonly ending: AbortSignal;
  readonly kill: () => void;
}

async function run(
  parts: ExecParts,
  container: Container,
  { name, processFile, ending, kill }: Run,
): Promise<Captured> {
  return execContainer(parts.watcher, runtimeOf(parts, container.record.handler), {
    id: container.record.id,
    processFile,
    cgroup: name,
    limit: execOutputLimit,
    onStart: () => {
      parts.reach('exec:spawned');
      if (ending.aborted) kill();
      else ending.addEventListener('abort', kill, { once: true });
    },
  });
}

/** Kills until the runtime's own process has ended too: it may not have put the program in its cgroup yet. */
async function killAll(parts: ExecParts, group: CgroupPath): Promise<void> {
  try {
    await parts.cgroups.kill(group, AbortSignal.timeout(10_000));
  } catch (error) {
    parts.log.warn({ cgroup: group, reason: messageOf(error) }, 'processes of an exec could not be killed');
  }
}

/** What a normal end leaves running lives on in the container's own cgroup; then ours goes. */
async function leaveGroup(parts: ExecParts, container: Container, group: CgroupPath): Promise<void> {
  try {
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

/** The container's own process (user, environment, capabilities, limits) with other arguments and no terminal. */
async function processFor(parts: ExecParts, container: Container, command: readonly string[]): Promise<string> {
  const text = await readFile(parts.paths.container(container.record.id).spec, 'utf8');
  const spec = JSON.parse(text) as { readonly process: Readonly<Record<string, unknown>> };
  return JSON.stringify({ ...spec.process, terminal: false, args: command });
}

/** The runtime's own failures look like exit codes of the command: 126 and 127 with a message of its own. */
function toResult(container: Container, { ending, stdout, stderr, cut }: Captured): ExecResult {
  const exitCode = exitCodeOf(ending);
  const text = stderr.length < 4096 ? stderr.toString('utf8') : '';
  if (exitCode !== 0 && stdout.length === 0 && /executable file .* not found|exec format error/i.test(text))
    throw fail('unknown', `exec in ${containerTitle(container.record)}: ${cleanRuntimeMessage(text)}`);
  const mark = cut ? Buffer.from(`\n[output cut at ${execOutputLimit} bytes]\n`) : Buffer.alloc(0);
  return { exitCode, stdout, stderr: Buffer.concat([stderr, mark]) };
}
