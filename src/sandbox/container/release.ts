import { errorFrom, fail, messageOf } from '../../base/errors.ts';
import { withTimeout } from '../../base/abort.ts';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CgroupPath } from '../../cgroups/path.ts';
import { deleteContainer, keepsOnlyDirectory } from '../oci/runtime.ts';
import type { OciRuntime } from '../oci/runtime.ts';
import type { Container } from '../store/store.ts';
import type { Parts } from '../parts.ts';
import type { ExitWatch } from './exit-watch.ts';

export type ReleaseParts = Pick<
  Parts,
  'cgroups' | 'disk' | 'locks' | 'log' | 'paths' | 'reach' | 'runtimes' | 'settings' | 'watcher'
> & { readonly exits: ExitWatch };

const releaseTimeoutMs = 30_000;

/** Gives back what an ended container holds: processes, cgroup, runtime state, root file system. Logs its failure. */
export async function releaseContainer(
  parts: ReleaseParts,
  container: Container,
  lifetime: AbortSignal,
): Promise<void> {
  const signal = withTimeout(lifetime, releaseTimeoutMs);
  try {
    using _held = await parts.locks.acquire(container.record.id, signal);
    await releaseHeld(parts, container, signal);
  } catch (error) {
    if (lifetime.aborted) return;
    const fields = { container: container.record.id, reason: messageOf(error) };
    parts.log.warn(fields, 'ended container not released yet; it is tried again');
  }
}

/** The same for a caller that holds the container's lock. */
export async function releaseHeld(parts: ReleaseParts, container: Container, signal: AbortSignal): Promise<void> {
  if (container.state.kind !== 'exited' || container.state.released) return;
  await dismantle(parts, container, signal);
  await container.note({ kind: 'released' });
}

/** Everything a container holds in the kernel, whatever state it is in; what is gone already is fine. */
export async function dismantle(parts: ReleaseParts, container: Container, signal: AbortSignal): Promise<void> {
  const { record } = container;
  parts.exits.drop(record.id);
  await parts.cgroups.kill(record.cgroup as CgroupPath, signal);
  const runtime = runtimeOf(parts, record.handler);
  // Processes and cgroup of crun's and runc's containers are gone with the calls around this line, which takes no
  // process: what is left of them is a directory. One that was cut short the runtime would not know at all.
  // But hooks of its end are the runtime's to run.
  const at = parts.paths.container(record.id);
  if (!keepsOnlyDirectory(runtime)) await deleteContainer(parts.watcher, runtime, record.id);
  else if (await hasEndHooks(at.spec)) await runEndHooks(parts, runtime, record.id);
  await parts.disk.call('removeTree', join(runtime.root, record.id), signal);
  await parts.cgroups.remove(record.cgroup as CgroupPath, signal);
  parts.reach('remove:runtime');
  if (record.volumeImages.length > 0) await parts.disk.call('unmountWithin', at.images, signal);
  await parts.disk.call('unmountWithin', at.shifted, signal);
  await parts.disk.call('unmountAll', at.rootfs, signal);
  parts.reach('remove:rootfs');
}

/** What a hook does not do in its time, nobody does: it must not hold what the container held for ever. */
async function runEndHooks({ watcher, log }: ReleaseParts, runtime: OciRuntime, id: string): Promise<void> {
  try {
    await deleteContainer(watcher, runtime, id);
  } catch (error) {
    if (errorFrom(error).code !== 'deadline_exceeded') throw error;
    log.warn({ container: id, reason: messageOf(error) }, 'hooks of an ended container given up');
  }
}

/** Whether config.json says `poststop`. A quotation of that word in some text of a user only costs a process. */
async function hasEndHooks(spec: string): Promise<boolean> {
  try {
    return (await readFile(spec, 'utf8')).includes('"poststop"');
  } catch {
    return false;
  }
}

/** Errors: `failed_precondition` when the configuration no longer names the handler. */
export function runtimeOf(parts: Pick<Parts, 'runtimes' | 'settings'>, handler: string): OciRuntime {
  const name = handler || parts.settings.defaultRuntime;
  const runtime = parts.runtimes.get(name);
  if (runtime === undefined)
    throw fail('failed_precondition', `runtime handler ${name} is not configured; add [runtimes.${name}]`);
  return runtime;
}
