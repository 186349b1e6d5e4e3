import { siblingModule } from '../../linux/worker/module.ts';
import { WorkerPool } from '../../linux/worker/pool.ts';
import type { Meter } from './meter.ts';
import type { LayerUsage } from './layer-writer.ts';
import type { LayerTasks } from './unpack-worker.ts';
import type { UnpackOrder } from './unpack.ts';

/** Workers end soon after the last layer: a daemon that pulls nothing pays for none. */
const idleMs = 3000;
const never = new AbortController().signal;

export type LayerPool = WorkerPool<LayerTasks>;

export function openLayerPool(size: number): LayerPool {
  return new WorkerPool<LayerTasks>({
    name: 'cricket-layers',
    module: siblingModule(import.meta.url, './unpack-worker'),
    size,
    idleMs,
  });
}

/**
 * Unpacks in a Worker. The meter tells how much of the source is there; the signal calls the work off, and this returns
 * when the Worker has let go of the directory.
 */
export async function unpackInPool(
  pool: LayerPool,
  order: UnpackOrder,
  meter: Meter,
  signal: AbortSignal,
): Promise<LayerUsage> {
  const end = () => meter.end();
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  try {
    return await pool.call('unpack', { ...order, meter: meter.shared }, never);
  } finally {
    signal.removeEventListener('abort', end);
  }
}
