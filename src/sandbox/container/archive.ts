import type { Readable } from 'node:stream';
import { fail } from '../../base/errors.ts';
import { closeFd } from '../../linux/fs-at.ts';
import type { Shift } from '../../linux/shifted.ts';
import { packTree } from '../../linux/tar.ts';
import { siblingModule } from '../../linux/worker/module.ts';
import { WorkerPool } from '../../linux/worker/pool.ts';
import type { Container } from '../store/store.ts';
import type { ArchiveTasks, PutOrder } from './archive-worker.ts';
import { containerTitle } from './record.ts';
import { isLive } from './state.ts';
import type { ProcessIdentity } from './state.ts';

export type ArchivePool = WorkerPool<ArchiveTasks>;

export function openArchivePool(onStuck: (task: string) => void): ArchivePool {
  const module = siblingModule(import.meta.url, './archive-worker');
  return new WorkerPool<ArchiveTasks>({ name: 'archives', module, size: 2, idleMs: 5_000, onStuck });
}

/**
 * A file or directory of a container, volumes included, with the owners it has inside, as an archive with it as the top member; of `/path/.` what is in
 * it. Errors: `not_found`, `failed_precondition` for one that has ended: its root file system is unmounted then.
 */
export async function readArchive(
  pool: ArchivePool,
  container: Container,
  { path, shift }: { readonly path: string; readonly shift: Shift | undefined },
  signal: AbortSignal,
): Promise<Readable> {
  const { directory, name } = await pool.call('locate', { init: initOf(container), path }, signal);
  // The child enters it by our descriptor before this returns.
  const archive = packTree(`/proc/self/fd/${directory}`, name, [], shift?.userNamespace);
  closeFd(directory);
  return archive;
}

/**
 * Puts an archive, a file of ours, into a container. `within`: into the directory `path`. `one`: its one top member into
 * that directory, or to be that path where there is none. `contents`: into the directory, which is made. Errors: those
 * of ArchiveSink, `not_found`, `failed_precondition` for one that has ended.
 */
export async function writeArchive(
  pool: ArchivePool,
  container: Container,
  order: Pick<PutOrder, 'file' | 'mode' | 'path' | 'users'>,
  signal: AbortSignal,
): Promise<void> {
  await pool.call('put', { init: initOf(container), ...order }, signal);
}

/** Whose root file system it is. */
function initOf({ record, state }: Container): ProcessIdentity {
  if (isLive(state)) return state.init;
  throw fail(
    'failed_precondition',
    `files of ${containerTitle(record)}: it is ${state.kind} and its root file system is unmounted; copy while it runs`,
  );
}
