import { readFile, rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { z } from 'zod';
import { sleep, withTimeout } from '../../base/abort.ts';
import type { ContainerId, ImageId, PodId } from '../../base/ids.ts';
import { fromCgroupsPath, isOfContainer } from '../../cgroups/drivers/systemd.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import { closeQuietly } from '../../linux/fds.ts';
import { openPidfd, signalPidfd, startTimeOf } from '../../linux/pidfd.ts';
import { killMonitors } from '../container/monitors.ts';
import type { RemoveParts } from '../container/remove.ts';
import { deleteContainer, queryContainer } from '../oci/runtime.ts';
import type { Parts } from '../parts.ts';
import type { Unreadable } from '../store/unreadable.ts';

/**
 * Objects whose record is damaged or of a newer version. They are no orphans: they stay as they are until somebody
 * stops or removes them, which works from their id, the kernel, and what can still be told of the record.
 */
export type UnreadableParts = RemoveParts & Pick<Parts, 'instance' | 'network' | 'podCalls'>;

const stopTimeoutMs = 30_000;
const removeTimeoutMs = 60_000;
/** Stands for the image of a container that we cannot tell: while it is held, no layer is swept. */
const unknownImage = `sha256:${'0'.repeat(64)}` as ImageId;

/** Keeps the image from removal that the container may still run from. */
export function holdUnreadable(parts: Pick<Parts, 'images' | 'store'>): void {
  for (const { kind, id, hints } of parts.store.unreadable.values())
    try {
      if (kind === 'container') parts.images.hold((hints.imageId || unknownImage) as ImageId, id);
    } catch {
      // Held all the same: an image that is not known keeps all layers.
    }
}

/** Its stop signal is not known: SIGTERM, then after `seconds` SIGKILL to all of it. */
export async function stopUnreadableContainer(
  parts: UnreadableParts,
  { id }: Unreadable,
  seconds: number,
  signal: AbortSignal,
): Promise<void> {
  const groups = await groupsOf(parts, id);
  if (seconds > 0) await endInit(parts, id, seconds, signal);
  const limit = withTimeout(signal, stopTimeoutMs);
  for (const group of groups) await parts.cgroups.kill(group, limit);
}

async function endInit(parts: UnreadableParts, id: string, seconds: number, signal: AbortSignal): Promise<void> {
  for (const runtime of parts.runtimes.values()) {
    const pid = (await queryContainer(parts.watcher, runtime, id))?.pid ?? 0;
    const start = pid > 0 ? startTimeOf(pid) : undefined;
    if (start === undefined) continue;
    const handle = openPidfd(pid);
    if (handle === undefined) continue;
    signalPidfd(handle, constants.signals.SIGTERM);
    closeQuietly(handle);
    const until = performance.now() + seconds * 1000;
    while (startTimeOf(pid) === start && performance.now() < until) await sleep(20, signal);
  }
}

const spec = z.object({ linux: z.object({ cgroupsPath: z.string() }) });

/** Where its processes are: its specification says, else its record, else its pod's cgroup with its id in it. */
async function groupsOf(parts: UnreadableParts, id: string): Promise<readonly CgroupPath[]> {
  const hints = parts.store.unreadable.get(id)?.hints;
  const pod = hints === undefined ? undefined : parts.store.pods.get(hints.podId as PodId);
  const written = await readFile(parts.paths.container(id as ContainerId).spec, 'utf8').catch(() => '{}');
  const parsed = spec.safeParse(parseOrEmpty(written));
  const all = [
    (parsed.success ? fromCgroupsPath(parsed.data.linux.cgroupsPath) : undefined) ?? '',
    hints?.cgroup ?? '',
    pod === undefined ? '' : parts.cgroups.container(pod.record.cgroup as CgroupPath, id),
  ];
  // Only one that bears its id is its own.
  return [...new Set(all)].filter((path) => isOfContainer(path, id)) as CgroupPath[];
}

function parseOrEmpty(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

export async function removeUnreadableContainer(
  parts: UnreadableParts,
  object: Unreadable,
  signal: AbortSignal,
): Promise<void> {
  const { id } = object;
  const limit = withTimeout(AbortSignal.any([parts.lifetime, signal]), removeTimeoutMs);
  const groups = await groupsOf(parts, id);
  await stopUnreadableContainer(parts, object, 0, limit);
  await killMonitors(parts, id as ContainerId, limit);
  for (const runtime of parts.runtimes.values()) await deleteContainer(parts.watcher, runtime, id);
  for (const group of groups) await parts.cgroups.remove(group, limit);
  const at = parts.paths.container(id as ContainerId);
  await parts.disk.call('unmountWithin', at.images, limit);
  await parts.disk.call('unmountAll', at.rootfs, limit);
  await rm(at.exit, { force: true });
  for (const path of [at.bundle, at.directory]) await parts.disk.call('removeTree', path, limit);
  parts.store.unreadable.delete(id);
  parts.images.release(id);
  parts.log.warn({ container: id }, 'container with an unreadable record removed');
}

/** Those of a pod, as far as their records or their specifications tell. */
export async function unreadableIn(
  parts: UnreadableParts,
  pod: PodId,
  cgroup: CgroupPath,
): Promise<readonly Unreadable[]> {
  const all = [...parts.store.unreadable.values()].filter(({ kind }) => kind === 'container');
  const belongs = async ({ id, hints }: Unreadable) =>
    hints.podId === pod || (await groupsOf(parts, id)).includes(parts.cgroups.container(cgroup, id));
  const answers = await Promise.all(all.map(belongs));
  return all.filter((_, at) => answers[at]);
}
