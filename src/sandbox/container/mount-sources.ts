import { withTimeout } from '../../base/abort.ts';
import { errnoOf, fail, messageOf } from '../../base/errors.ts';
import type { BindMount } from '../oci/spec/input.ts';
import type { Parts } from '../parts.ts';
import type { ContainerConfig, ContainerMount } from './record.ts';

/** Milliseconds a path that a user named may take to answer: below a dead NFS it never does. */
const pathTimeoutMs = 10_000;

/**
 * The container's mounts with their sources looked at: a missing one is made a directory, as Docker and the
 * field do. Errors: `invalid_argument` for a source that can neither be found nor made, `unavailable` for
 * one whose file system does not answer.
 */
export async function resolveMounts(
  parts: Pick<Parts, 'hostPaths'>,
  config: ContainerConfig,
  signal: AbortSignal,
): Promise<readonly BindMount[]> {
  return Promise.all(config.mounts.map(async (mount) => resolveMount(parts, mount, signal)));
}

async function resolveMount(
  parts: Pick<Parts, 'hostPaths'>,
  mount: ContainerMount,
  signal: AbortSignal,
): Promise<BindMount> {
  const deadline = withTimeout(signal, pathTimeoutMs);
  try {
    await parts.hostPaths.call('pathFacts', { path: mount.hostPath, create: true }, deadline);
  } catch (error) {
    const what = `mount source ${mount.hostPath} for ${mount.containerPath}`;
    if (deadline.aborted && !signal.aborted)
      throw fail('unavailable', `${what} does not answer; look at the file system it is on`, error);
    throw fail(
      errnoOf(error) === 'ENOSPC' ? 'resource_exhausted' : 'invalid_argument',
      `${what} can neither be found nor made: ${messageOf(error)}`,
      error,
    );
  }
  return { ...mount, options: [], uidMappings: [], gidMappings: [] };
}
