import type { Container } from '../store/store.ts';
import type { Parts } from '../parts.ts';
import { rm } from 'node:fs/promises';
import { killMonitors } from './monitors.ts';
import { dismantle } from './release.ts';
import { stopContainer } from './stop.ts';
import type { StopParts } from './stop.ts';

export type RemoveParts = StopParts &
  Pick<Parts, 'disk' | 'flights' | 'images' | 'lifetime' | 'locks' | 'log' | 'paths' | 'reach' | 'store'>;

const removeTimeoutMs = 60_000;

/** Ends and deletes a container. Idempotent; needs no write, so a full disk can be cleaned. */
export async function removeContainer(parts: RemoveParts, container: Container, signal: AbortSignal): Promise<void> {
  await parts.flights.join(`remove ${container.record.id}`, () => removeNow(parts, container), signal);
}

async function removeNow(parts: RemoveParts, container: Container): Promise<void> {
  const { id } = container.record;
  const signal = AbortSignal.any([parts.lifetime, AbortSignal.timeout(removeTimeoutMs)]);
  await stopContainer(parts, container, 0, signal);
  using _held = await parts.locks.acquire(id, signal);
  if (!parts.store.containers.has(id)) return;
  // A daemon that was killed was making it, and its undoing has not had its turn: conmon would write of its end after us.
  if (container.state.kind === 'creating') await killMonitors(parts, id, signal);
  const released = container.state.kind === 'exited' && container.state.released;
  await container.note({ kind: 'removing' });
  parts.reach('remove:intent');
  if (!released) await dismantle(parts, container, signal);
  await deleteFiles(parts, container, signal);
  parts.reach('remove:files');
  await parts.store.dropContainer(id);
  parts.images.release(id);
  parts.log.info({ container: id }, 'container removed');
}

/** The writable layer can be large: its deletion waits in a Worker. */
export async function deleteFiles(
  parts: Pick<Parts, 'disk' | 'paths'>,
  container: Container,
  signal: AbortSignal,
): Promise<void> {
  const at = parts.paths.container(container.record.id);
  if (container.record.volumeImages.length > 0) await parts.disk.call('unmountWithin', at.images, signal);
  await parts.disk.call('unmountWithin', at.shifted, signal);
  await parts.disk.call('unmountAll', at.rootfs, signal);
  await parts.disk.call('removeTree', at.bundle, signal);
  await parts.disk.call('removeTree', at.upper, signal);
  await parts.disk.call('removeTree', at.work, signal);
  await parts.disk.call('removeTree', at.volumes, signal);
  await rm(at.exit, { force: true });
}
