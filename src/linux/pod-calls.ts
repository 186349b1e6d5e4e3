import type { StepName } from '../base/steps.ts';
import type { PodTasks } from './pod-worker.ts';
import { siblingModule } from './worker/module.ts';
import { WorkerPool } from './worker/pool.ts';

/** One Worker, kept for good: its calls are carried out in the order they were asked for. */
export type PodCalls = WorkerPool<PodTasks>;

export interface PodCallsOptions {
  readonly onStuck: (task: string) => void;
  /** Ends the process at a step that is the Worker's: the kill test. */
  readonly killStep?: StepName | undefined;
}

export function openPodCalls({ onStuck, killStep }: PodCallsOptions): PodCalls {
  const module = siblingModule(import.meta.url, './pod-worker');
  return new WorkerPool<PodTasks>({ name: 'namespaces', module, size: 1, idleMs: Infinity, data: killStep, onStuck });
}
