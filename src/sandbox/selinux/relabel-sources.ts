import { during } from '../../base/errors.ts';
import type { ContainerConfig } from '../container/record.ts';
import type { BindMount } from '../oci/spec/input.ts';
import type { Parts } from '../parts.ts';

interface Labelled {
  readonly config: Pick<ContainerConfig, 'mounts'>;
  /** Directories of the container's own. */
  readonly volumes: readonly BindMount[];
  readonly label: string;
}

/**
 * Gives what the container mounts the label of its files: its own volumes, and sources that ask for it. The whole
 * creation has a deadline, of which a tree of a million files takes most.
 * Errors: `invalid_argument` for a directory of the system.
 */
export async function relabelSources(
  parts: Pick<Parts, 'disk' | 'hostPaths'>,
  { config, volumes, label }: Labelled,
  signal: AbortSignal,
): Promise<void> {
  if (label === '') return;
  for (const { hostPath: path } of volumes) await parts.disk.call('relabel', { path, label }, signal);
  for (const { hostPath: path, containerPath } of config.mounts.filter(({ selinuxRelabel }) => selinuxRelabel))
    try {
      if (path !== '') await parts.hostPaths.call('relabel', { path, label }, signal);
    } catch (error) {
      throw during(`selinux_relabel of mount source ${path} for ${containerPath}`, error);
    }
}
