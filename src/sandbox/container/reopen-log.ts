import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { sleep } from '../../base/abort.ts';
import { errnoOf, fail } from '../../base/errors.ts';
import type { Container } from '../store/store.ts';
import type { Parts } from '../parts.ts';
import { containerTitle } from './record.ts';
import { isLive } from './state.ts';

/** A control message of conmon: `2` with two unused numbers makes it open its log file anew. */
const reopenMessage = '2 0 0\n';
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
  await tellMonitor(parts.paths.container(record.id).control, container);
  const until = performance.now() + reopenTimeoutMs;
  while (performance.now() < until) {
    const now = await inodeOf(logPath);
    if (now !== undefined && now !== before) return;
    await sleep(2, signal);
  }
  throw fail('unavailable', `reopen log of ${containerTitle(record)}: conmon did not open ${logPath} anew`);
}

/** Without waiting: a fifo that nobody reads (ENXIO) has lost its conmon. */
async function tellMonitor(path: string, { record }: Container): Promise<void> {
  try {
    await using fifo = await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
    await fifo.write(reopenMessage);
  } catch (error) {
    if (errnoOf(error) !== 'ENXIO' && errnoOf(error) !== 'ENOENT') throw error;
    throw fail('unavailable', `reopen log of ${containerTitle(record)}: its conmon is gone`, error);
  }
}

async function inodeOf(path: string): Promise<bigint | undefined> {
  try {
    return (await stat(path, { bigint: true })).ino;
  } catch {
    return undefined;
  }
}
