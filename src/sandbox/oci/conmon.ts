import { openSync } from 'node:fs';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import { waitFor } from '../../base/abort.ts';
import { monotonicMs } from '../../base/clock.ts';
import { errorFrom, fail } from '../../base/errors.ts';
import { closeQuietly, makePipe, readablePipe } from '../../linux/fds.ts';
import { startTimeOf } from '../../linux/pidfd.ts';
import { spawnProcess } from '../../linux/process.ts';
import type { Watcher } from '../../linux/watcher.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import { readFile } from 'node:fs/promises';
import type { ProcessIdentity } from '../container/state.ts';
import { childEnvironment, cleanRuntimeMessage, createFlags } from './runtime.ts';
import type { OciRuntime } from './runtime.ts';

export interface MonitorRequest {
  readonly id: string;
  readonly name: string;
  /** What is to be run, for messages: crun does not always name it. */
  readonly program: string;
  readonly conmon: string;
  readonly runtime: OciRuntime;
  readonly bundle: string;
  readonly cgroup: CgroupPath;
  readonly exits: string;
  /** Absolute, or empty: the output goes nowhere. */
  readonly logPath: string;
  /** Bytes, above which conmon begins the log anew; -1: never. */
  readonly logSizeMax: number;
  readonly terminal: boolean;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
}

export interface Monitored {
  readonly monitor: ProcessIdentity;
  readonly init: ProcessIdentity;
}

/**
 * Starts conmon, which has the OCI runtime create the container and from then on holds its output, log and
 * exit code whatever becomes of us. It stays in the daemon's own cgroup (ADR 1), out of any pod's limits. It answers on a pipe with the container's first process.
 * Errors: what the runtime said, as `invalid_argument` where the image or the command is to blame.
 */
export async function createMonitored(
  watcher: Watcher,
  request: MonitorRequest,
  signal: AbortSignal,
): Promise<Monitored> {
  const begun = monotonicMs();
  const sync = makePipe();
  const nothing = openSync('/dev/null', 'r+');
  let answer: Socket | undefined;
  try {
    const fds = new Map([
      [0, nothing],
      [1, nothing],
      [2, nothing],
      [3, sync.write],
    ]);
    // Without a locale of UTF-8 conmon refuses names and log paths that are not ASCII.
    const env = [...childEnvironment, '_OCI_SYNCPIPE=3', 'LC_ALL=C.UTF-8'];
    const child = spawnProcess(watcher, {
      path: request.conmon,
      args: monitorArgs(request),
      env,
      fds,
      cwd: request.bundle,
    });
    closeQuietly(sync.write);
    answer = readablePipe(sync.read);
    const text = await waitFor(readToEnd(answer), signal);
    await child.ended;
    request.runtime.onCall?.('create', (monotonicMs() - begun) / 1000, parseAnswer(text).pid > 0);
    return await identify(request, text);
  } finally {
    answer?.destroy();
    if (answer === undefined) [sync.read, sync.write].forEach(closeQuietly);
    closeQuietly(nothing);
  }
}

function monitorArgs(request: MonitorRequest): readonly string[] {
  const { id, bundle } = request;
  return [
    ...['--api-version', '1', '-c', id, '-u', id, '-n', request.name, '-b', bundle],
    ...['-r', request.runtime.path],
    ...createFlags(request.runtime, request.cgroup).flatMap((flag) => ['--runtime-arg', flag]),
    ...['-p', join(bundle, 'init.pid'), '-P', join(bundle, 'conmon.pid')],
    ...['--exit-dir', request.exits, '--persist-dir', bundle, '--full-attach', '--no-new-keyring'],
    ...['-l', request.logPath === '' ? 'off' : `k8s-file:${request.logPath}`, '--log-level', 'error'],
    ...(request.logSizeMax > 0 ? ['--log-size-max', String(request.logSizeMax)] : []),
    ...(request.terminal ? ['-t'] : []),
    ...(request.stdin ? ['-i'] : []),
    ...(request.stdin && !request.stdinOnce ? ['--leave-stdin-open'] : []),
  ];
}

/** The first line is the answer; conmon may keep the pipe open for later messages. */
function readToEnd(stream: Socket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  const done = () => resolve(Buffer.concat(chunks).toString('utf8'));
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    if (chunk.includes(10)) done();
  });
  stream.on('end', done);
  stream.on('error', reject);
  return promise;
}

async function identify(request: MonitorRequest, text: string): Promise<Monitored> {
  const answer = parseAnswer(text);
  if (answer.pid <= 0) throw creationError(request, answer.message);
  const monitorPid = Number(await readFile(join(request.bundle, 'conmon.pid'), 'utf8'));
  const init = startTimeOf(answer.pid);
  const monitor = startTimeOf(monitorPid);
  if (monitor === undefined) throw fail('internal', `create ${request.id.slice(0, 13)}: conmon ended at once`);
  // An init that is dead already was killed from outside; its exit file tells.
  return { init: { pid: answer.pid, start: init ?? '0' }, monitor: { pid: monitorPid, start: monitor } };
}

function parseAnswer(text: string): { readonly pid: number; readonly message: string } {
  try {
    const raw = JSON.parse(text.split('\n')[0] ?? '') as { data?: unknown; pid?: unknown; message?: unknown };
    const pid = Number(raw.data ?? raw.pid);
    return { pid: Number.isInteger(pid) ? pid : -1, message: typeof raw.message === 'string' ? raw.message : '' };
  } catch {
    return { pid: -1, message: text.trim() };
  }
}

/** What the user can mend is their argument, with what to do; anything else is ours or the node's. */
const userMistakes: readonly (readonly [RegExp, string])[] = [
  [/executable file .* not found/i, 'name a program that the image has'],
  [/^open executable/i, 'the command must be a file that its user may execute'],
  [/chdir/i, 'the working directory must be one that its user may enter'],
  [/cpuset\.(cpus|mems).*(out of range|invalid argument|permission denied)/i, 'name what this host and the pod have'],
  [
    /uids and gids must be in range/i,
    'name users and groups in it, or take the handler of crun, which has no such limit',
  ],
  [/memory limit (could be )?too low/i, "raise the container's limit"],
  [/^mount .*not a directory/i, 'mount a file on a file, and a directory on a directory'],
  [/not a directory/i, 'a part of that path is a file in the image: name another place'],
  [/no such file or directory/i, 'look at what it names'],
  [/permission denied/i, 'look at what it names'],
];

function creationError(request: MonitorRequest, message: string): Error {
  const clean = cleanRuntimeMessage(message).replace(/^open executable:/, `open executable ${request.program}:`);
  const said = clean || 'nothing; see the log of conmon in the journal';
  const text = `${request.runtime.name} could not create the container: ${said}`;
  if (/no space left/i.test(said)) return errorFrom(Object.assign(new Error(text), { code: 'ENOSPC' }));
  const [, mend] = userMistakes.find(([pattern]) => pattern.test(said)) ?? [];
  return mend === undefined ? fail('unknown', text) : fail('invalid_argument', `${text}; ${mend}`);
}
