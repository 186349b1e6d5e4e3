import type { ContainerId } from '../../base/ids.ts';
import type { Parts } from '../parts.ts';

/** Looks at all processes; each finds the children of those it killed before. */
const looks = 20;

/**
 * Ends conmon and the OCI runtime that an earlier life of the daemon started for a container. They are known by
 * their arguments: the container's id and its bundle, which no stranger names together.
 */
export async function killMonitors(
  parts: Pick<Parts, 'disk' | 'paths'>,
  id: ContainerId,
  signal: AbortSignal,
): Promise<void> {
  const wanted = { argument: id, within: parts.paths.container(id).bundle };
  for (let left = looks; left > 0; left--) {
    const pids = await parts.disk.call('processesNaming', wanted, signal);
    if (pids.length === 0) return;
    for (const pid of pids) killQuietly(pid);
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
