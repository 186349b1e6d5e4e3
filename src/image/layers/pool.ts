import { siblingModule } from '../../linux/worker/module.ts';
import { WorkerPool } from '../../linux/worker/pool.ts';
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

/** Unpacks in a Worker. The signal calls the work off; this returns when the Worker has let go of the directory. */
export async function unpackInPool(pool: LayerPool, order: UnpackOrder, signal: AbortSignal): Promise<LayerUsage> {
  const ended = new Uint8Array(new SharedArrayBuffer(1));
  const end = () => Atomics.store(ended, 0, 1);
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  try {
    return await pool.call('unpack', { ...order, ended }, never);
  } finally {
    signal.removeEventListener('abort', end);
  }
}
