import { fail } from '../../base/errors.ts';
import { describeSpan, traced } from '../../base/trace.ts';
import { exitCodeOf } from '../../linux/pidfd.ts';
import { execFailure } from '../oci/exec-failure.ts';
import { execContainer } from '../oci/runtime.ts';
import type { Captured } from '../../linux/capture.ts';
import type { Container } from '../store/store.ts';
import type { Parts } from '../parts.ts';
import { makeExecGroup } from './exec-group.ts';
import type { ExecGroup } from './exec-group.ts';
import { containerTitle } from './record.ts';
import { runtimeOf } from './release.ts';
import { streamOwner } from './shifted.ts';

export type ExecParts = Pick<
  Parts,
  'cgroups' | 'lifetime' | 'log' | 'paths' | 'reach' | 'runtimes' | 'settings' | 'store' | 'watcher'
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
  using _moves = parts.cgroups.expectMoves();
  describeSpan({ 'container.id': record.id, 'k8s.container.name': record.config.name });
  const group = await makeExecGroup(parts, container, { command: request.command, terminal: false });
  const timer = request.seconds > 0 ? AbortSignal.timeout(Math.min(request.seconds * 1000, 2 ** 31 - 1)) : undefined;
  const ending = AbortSignal.any([signal, parts.lifetime, ...(timer === undefined ? [] : [timer])]);
  try {
    const { result, killed } = await traced('exec.run', () => run(parts, container, group, ending));
    parts.reach('exec:exited');
    if (!killed) return toResult(container, result);
    if (timer?.aborted === true)
      throw fail('deadline_exceeded', `exec in ${containerTitle(record)}: timed out after ${request.seconds} s`);
    throw fail('cancelled', `exec in ${containerTitle(record)}: the caller went away`);
  } finally {
    // The answer does not wait for it: what stays behind goes with the container.
    void group.leave();
  }
}

async function run(
  parts: ExecParts,
  container: Container,
  group: ExecGroup,
  ending: AbortSignal,
): Promise<{ readonly result: Captured; readonly killed: boolean }> {
  const over = Promise.withResolvers<undefined>();
  let killed = false;
  const onAbort = () => {
    killed = true;
    void group.killUntil(over.promise);
  };
  const result = await execContainer(parts.watcher, runtimeOf(parts, container.record.handler), {
    id: container.record.id,
    processFile: group.processFile,
    cgroup: group.name,
    limit: execOutputLimit,
    owner: streamOwner(parts, container),
    onStart: (child) => {
      void child.ended.finally(() => over.resolve(undefined));
      parts.reach('exec:spawned');
      if (ending.aborted) onAbort();
      else ending.addEventListener('abort', onAbort, { once: true });
    },
  });
  ending.removeEventListener('abort', onAbort);
  return { result, killed };
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
