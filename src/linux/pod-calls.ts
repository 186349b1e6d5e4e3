import type { PodTasks } from './pod-worker.ts';
import { siblingModule } from './worker/module.ts';
import { WorkerPool } from './worker/pool.ts';

/** One Worker, kept for good: its calls are carried out in the order they were asked for. */
export type PodCalls = WorkerPool<PodTasks>;

export function openPodCalls(onStuck: (task: string) => void): PodCalls {
  const module = siblingModule(import.meta.url, './pod-worker');
  return new WorkerPool<PodTasks>({ name: 'namespaces', module, size: 1, idleMs: Infinity, onStuck });
}
