import { errnoOf, errorFrom, fail, messageOf } from '../../base/errors.ts';
import type { Parts } from '../parts.ts';
import type { ContainerConfig } from './record.ts';

/** Milliseconds the log's file system may take to answer: a dead one never does. */
const logTimeoutMs = 10_000;

/**
 * Makes the log file before conmon would, so that a bad path is told as such and not as a dead monitor; and the
 * directories above, which crictl's users name without having made them. Errors: `invalid_argument` for a path
 * that cannot be written, `resource_exhausted` on a full disk, `unavailable` for one that does not answer.
 */
export async function prepareLog(
  parts: Pick<Parts, 'hostPaths'>,
  { logPath }: ContainerConfig,
  signal: AbortSignal,
): Promise<void> {
  if (logPath === '') return;
  try {
    await parts.hostPaths.callWithin(logTimeoutMs, 'ensureFile', { path: logPath, mode: 0o640 }, signal);
  } catch (error) {
    const what = `log path ${logPath}`;
    if (errorFrom(error).code === 'deadline_exceeded' && !signal.aborted)
      throw fail('unavailable', `${what} does not answer; look at the file system it is on`, error);
    if (errnoOf(error) === 'ENOSPC') throw fail('resource_exhausted', `${what}: ${messageOf(error)}`, error);
    const reason = errnoOf(error) === 'EISDIR' ? 'it is a directory' : (errnoOf(error) ?? messageOf(error));
    throw fail('invalid_argument', `${what} cannot be written: ${reason}`, error);
  }
}
