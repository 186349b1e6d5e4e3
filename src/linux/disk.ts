import { siblingModule } from './worker/module.ts';
import { WorkerPool } from './worker/pool.ts';
import type { DiskTasks } from './disk-worker.ts';

/** Workers for our own directories, and others for paths that users name, so that a dead one starves no pod. */
export type DiskPool = WorkerPool<DiskTasks>;

export function openDiskPool(options: {
  readonly name: string;
  readonly size: number;
  readonly onStuck: (task: string) => void;
}): DiskPool {
  return new WorkerPool<DiskTasks>({
    ...options,
    module: siblingModule(import.meta.url, './disk-worker'),
    idleMs: 5_000,
  });
}
