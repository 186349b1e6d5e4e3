import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../base/errors.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import type { Parts } from '../parts.ts';
import type { Container } from '../store/store.ts';
import { isOfThisLife } from './exec-group.ts';

/**
 * What commands left running that nobody waits for any more since their daemon was killed, and their files. Commands that
 * were asked for since are left alone: the socket is open before all is swept.
 */
export async function sweepExecs(
  parts: Pick<Parts, 'cgroups' | 'paths'>,
  { record }: Container,
  signal: AbortSignal,
): Promise<void> {
  const isLeft = (name: string) => name.startsWith('exec-') && !isOfThisLife(name);
  const cgroup = record.cgroup as CgroupPath;
  for (const name of parts.cgroups.list(cgroup).filter(isLeft)) {
    const path = parts.cgroups.child(cgroup, name);
    await parts.cgroups.kill(path, signal);
    await parts.cgroups.remove(path, signal);
  }
  const { bundle } = parts.paths.container(record.id);
  // After a reboot there is none, and nothing of it ran on.
  const files = await readdir(bundle).catch(absent);
  for (const file of files.filter(isLeft)) await rm(join(bundle, file), { force: true });
}

function absent(error: unknown): readonly string[] {
  if (errnoOf(error) !== 'ENOENT') throw error;
  return [];
}
