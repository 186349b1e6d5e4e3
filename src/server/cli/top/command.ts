import { sleep } from '../../../base/abort.ts';
import { controlSocket } from '../../config/paths.ts';
import { callControl } from '../../control/client.ts';
import { topAnswer, topPath } from '../../control/top.ts';
import { loadSettings } from '../settings.ts';
import { json } from '../terminal.ts';
import type { Terminal } from '../terminal.ts';
import { sorted } from './columns.ts';
import type { TakeSample, TopFlags } from './flags.ts';
import { layOut } from './layout.ts';
import { runLive } from './live.ts';
import { rowsOf } from './rows.ts';
import type { TopRow } from './rows.ts';

/** Milliseconds between the two looks that a first answer needs. */
const firstMs = 1000;
/** Cells of a line where no terminal says how many it has. */
const unboundWidth = 10_000;

/** `cricket top`. Errors: the daemon's own; `unavailable` when none answers. */
export async function top(names: readonly string[], flags: TopFlags, terminal: Terminal): Promise<void> {
  const socket = controlSocket(await loadSettings(flags));
  const query = { object: names, ...(flags.all ? { all: 'true' } : {}) };
  const take: TakeSample = async (signal) => {
    const call = { socket, method: 'GET', path: topPath, query, body: undefined } as const;
    return topAnswer.parse(await callControl(call, signal));
  };
  if (flags.stream && flags.format === 'table' && terminal.screen !== undefined)
    return runLive(take, flags, terminal, terminal.screen);
  return print(take, flags, terminal);
}

/** For a pipe or a file, or once: no escape sequences, no end of a line cut off. */
async function print(take: TakeSample, flags: TopFlags, terminal: Terminal): Promise<void> {
  const { signal } = terminal;
  let before = await take(signal);
  let wait = firstMs;
  try {
    do {
      await sleep(wait, signal);
      const now = await take(signal);
      terminal.out(text(sorted(rowsOf(now, before), flags.sort, flags.reverse), flags, terminal));
      before = now;
      wait = flags.interval * 1000;
    } while (flags.stream);
  } catch (error) {
    // Ctrl-C is how one ends it.
    if (!signal.aborted) throw error;
  }
}

function text(rows: readonly TopRow[], { format, stream }: TopFlags, terminal: Terminal): string {
  if (format === 'json') return stream ? `${JSON.stringify(rows)}\n` : json(rows);
  const width = terminal.screen?.size().columns ?? unboundWidth;
  const { header, lines } = layOut(rows, width, terminal);
  return `${[header, ...lines].join('\n')}\n${stream ? '\n' : ''}`;
}
