import { rm, stat, writeFile } from 'node:fs/promises';
import { fail } from '../../base/errors.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import type { CommitOrder } from '../../image/commit.ts';
import type { Image } from '../../image/service.ts';
import type { Parts } from '../parts.ts';
import type { Container } from '../store/store.ts';
import { partedChanges } from './changes.ts';
import { pauseContainer, unpauseContainer } from './pause.ts';
import { containerTitle } from './record.ts';
import { isLive } from './state.ts';

type CommitParts = Pick<
  Parts,
  'cgroups' | 'disk' | 'events' | 'images' | 'lifetime' | 'locks' | 'log' | 'paths' | 'store'
>;

export interface CommitWish extends Pick<CommitOrder, 'name' | 'changes' | 'author' | 'message'> {
  /** Holds it still while its files are read. */
  readonly pause: boolean;
}

const noPause = (): Promise<void> => Promise.resolve();

/**
 * The writable layer of a container as a new image on top of its own. It is held still while that is read, unless told
 * otherwise or paused already; one that has ended has its files too. Errors: `failed_precondition` for one in a user
 * namespace or half made, those of `Images.commit`.
 */
export async function commitContainer(
  parts: CommitParts,
  container: Container,
  wish: CommitWish,
  signal: AbortSignal,
): Promise<Image> {
  const { record, state } = container;
  const title = containerTitle(record);
  if (!isLive(state) && state.kind !== 'exited')
    throw fail('failed_precondition', `commit ${title}: it is ${state.kind}; make a new one`);
  if ((parts.store.pods.get(record.podId)?.record.config.users ?? null) !== null)
    throw fail('failed_precondition', `commit ${title}: its files have the owners of a user namespace`);
  const { pause, ...order } = wish;
  const letGo = pause && state.kind === 'running' ? await holdStill(parts, container, signal) : noPause;
  try {
    // Its removal waits: the files must stay until they are read.
    using held = new DisposableStack();
    held.use(await parts.locks.acquire(record.id, signal));
    if (!parts.store.containers.has(record.id)) throw fail('not_found', `commit ${title}: it was removed meanwhile`);
    const { forMounts } = await partedChanges(parts, container, signal);
    const full = {
      ...{ ...order, base: record.imageId, leaveOut: forMounts, upper: parts.paths.container(record.id).upper },
      createdBy: `cricket commit ${record.config.name}`,
    };
    const read = async () => {
      held.dispose();
      await letGo();
    };
    return await parts.images.commit(full, read, signal);
  } finally {
    await letGo();
  }
}

/** A mark on the disk tells a daemon that was killed meanwhile that nobody else lets it go on. */
async function holdStill(parts: CommitParts, container: Container, signal: AbortSignal): Promise<() => Promise<void>> {
  const { record } = container;
  if (parts.cgroups.frozen(record.cgroup as CgroupPath)) return noPause;
  const mark = parts.paths.container(record.id).heldStill;
  await writeFile(mark, '');
  let over = false;
  const letGo = async () => {
    if (over) return;
    over = true;
    if (container.state.kind === 'running') await unpauseContainer(parts, container, parts.lifetime);
    await rm(mark, { force: true });
  };
  try {
    await pauseContainer(parts, container, signal);
  } catch (error) {
    await letGo();
    throw error;
  }
  return letGo;
}

/** Lets containers go on that a commit held still when the daemon was killed. */
export async function thawCommitted(parts: CommitParts): Promise<void> {
  for (const container of parts.store.containers.values()) {
    const mark = parts.paths.container(container.record.id).heldStill;
    const there = await stat(mark).catch(() => undefined);
    if (there === undefined) continue;
    if (container.state.kind === 'running') await unpauseContainer(parts, container, parts.lifetime);
    await rm(mark, { force: true });
    parts.log.info({ container: container.record.id }, 'container that a commit held still goes on');
  }
}
