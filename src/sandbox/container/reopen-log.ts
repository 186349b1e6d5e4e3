import { stat } from 'node:fs/promises';
import { sleep } from '../../base/abort.ts';
import { fail } from '../../base/errors.ts';
import type { Container } from '../store/store.ts';
import type { Parts } from '../parts.ts';
import { containerTitle } from './record.ts';
import { isLive } from './state.ts';
import { tellMonitor } from './tell-monitor.ts';

const reopenTimeoutMs = 5_000;

/**
 * Has conmon open the log anew after the kubelet moved the file away; returns once the new file is there.
 * Errors: `failed_precondition` for a container that does not run, `unavailable` if conmon does not react.
 */
export async function reopenLog(parts: Pick<Parts, 'paths'>, container: Container, signal: AbortSignal): Promise<void> {
  const { record, state } = container;
  const { logPath } = record.config;
  if (!isLive(state)) throw fail('failed_precondition', `reopen log of ${containerTitle(record)}: it is ${state.kind}`);
  if (logPath === '') return;
  const before = await inodeOf(logPath);
  await tellMonitor(parts, container, { kind: 'reopen-log' });
  const until = performance.now() + reopenTimeoutMs;
  while (performance.now() < until) {
    const now = await inodeOf(logPath);
    if (now !== undefined && now !== before) return;
    await sleep(2, signal);
  }
  throw fail('unavailable', `reopen log of ${containerTitle(record)}: conmon did not open ${logPath} anew`);
}

async function inodeOf(path: string): Promise<bigint | undefined> {
  try {
    return (await stat(path, { bigint: true })).ino;
  } catch {
    return undefined;
  }
}
