import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { errnoOf, fail } from '../../base/errors.ts';
import type { Parts } from '../parts.ts';
import type { Container } from '../store/store.ts';
import { containerTitle } from './record.ts';

/** What conmon reads from its control fifo: lines of three numbers. */
export type MonitorMessage =
  { readonly kind: 'reopen-log' } | { readonly kind: 'resize'; readonly columns: number; readonly rows: number };

/** Tells a container's conmon something. Errors: `unavailable` when it is gone. */
export async function tellMonitor(
  { paths }: Pick<Parts, 'paths'>,
  { record }: Container,
  message: MonitorMessage,
): Promise<void> {
  try {
    // Without waiting: a fifo that nobody reads (ENXIO) has lost its conmon.
    await using fifo = await open(paths.container(record.id).control, constants.O_WRONLY | constants.O_NONBLOCK);
    await fifo.write(encode(message));
  } catch (error) {
    if (errnoOf(error) !== 'ENXIO' && errnoOf(error) !== 'ENOENT') throw error;
    throw fail('unavailable', `${message.kind} of ${containerTitle(record)}: its conmon is gone`, error);
  }
}

const encode = (message: MonitorMessage): string =>
  message.kind === 'resize' ? `1 ${message.rows} ${message.columns}\n` : '2 0 0\n';
