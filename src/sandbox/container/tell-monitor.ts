import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { sleep } from '../../base/abort.ts';
import { errnoOf, fail } from '../../base/errors.ts';
import { KeyedLocks } from '../../base/locks.ts';
import { unreadBytes } from '../../linux/unread.ts';
import type { Parts } from '../parts.ts';
import type { Container } from '../store/store.ts';
import { containerTitle } from './record.ts';

/** What conmon reads from its control fifo: lines of three numbers. */
export type MonitorMessage =
  { readonly kind: 'reopen-log' } | { readonly kind: 'resize'; readonly columns: number; readonly rows: number };

/** One message after the other for each fifo. */
const lines = new KeyedLocks<string>();
/** Milliseconds for a conmon that is busy. */
const takenTimeoutMs = 2_000;
const lookMs = 2;

/**
 * Tells a container's conmon something, and waits until it has taken it: of two messages that it reads together it was
 * seen to do the first twice (2.1.6). Errors: `unavailable` when it is gone, `deadline_exceeded` when it takes nothing.
 */
export async function tellMonitor(
  { paths }: Pick<Parts, 'paths'>,
  { record }: Container,
  message: MonitorMessage,
): Promise<void> {
  const signal = AbortSignal.timeout(takenTimeoutMs);
  try {
    using _turn = await lines.acquire(record.id, signal);
    // Without waiting: a fifo that nobody reads (ENXIO) has lost its conmon.
    await using fifo = await open(paths.container(record.id).control, constants.O_WRONLY | constants.O_NONBLOCK);
    await fifo.write(encode(message));
    while (unreadBytes(fifo.fd) > 0) await sleep(lookMs, signal);
  } catch (error) {
    if (errnoOf(error) !== 'ENXIO' && errnoOf(error) !== 'ENOENT') throw error;
    throw fail('unavailable', `${message.kind} of ${containerTitle(record)}: its conmon is gone`, error);
  }
}

const encode = (message: MonitorMessage): string =>
  message.kind === 'resize' ? `1 ${message.rows} ${message.columns}\n` : '2 0 0\n';
