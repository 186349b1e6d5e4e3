import { sleep } from '../../../base/abort.ts';
import { CricketError, errorFrom } from '../../../base/errors.ts';
import type { TopAnswer } from '../../control/top.ts';
import type { Screen } from '../screen.ts';
import type { Terminal } from '../terminal.ts';
import type { Order } from './columns.ts';
import type { TakeSample, TopFlags } from './flags.ts';
import { frame } from './frame.ts';
import type { View } from './frame.ts';

/** Milliseconds between the first two looks: a person waits for the first rates. */
const firstMs = 500;

const orderKeys: Readonly<Record<string, Order | undefined>> = {
  ...{ c: 'cpu', m: 'memory', n: 'name', i: 'net', b: 'block', p: 'pids' },
  ...{ t: 'throttled', s: 'pressure', o: 'oom', e: 'restarts' },
};
const ends: ReadonlySet<string> = new Set(['q', 'Q', '\u0003', '\u0004']);
/** Rows by which a key moves; Infinity: to the end. */
const moves: Readonly<Record<string, number | undefined>> = {
  ...{ '\u001b[A': -1, k: -1, '\u001b[B': 1, j: 1, '\u001b[5~': -10, '\u001b[6~': 10, ' ': 10 },
  ...{ '\u001b[H': -Infinity, g: -Infinity, '\u001b[F': Infinity, G: Infinity },
};

/**
 * The live table, until q, Ctrl-C or a signal. A daemon that goes away is waited for, as an upgrade restarts it.
 * Errors: those of the first look, and later ones but `unavailable`; the terminal is restored by then.
 */
export async function runLive(take: TakeSample, flags: TopFlags, terminal: Terminal, screen: Screen): Promise<void> {
  const ending = new AbortController();
  const signal = AbortSignal.any([terminal.signal, ending.signal]);
  let now = await take(signal);
  let before: TopAnswer | undefined;
  let view: View = { order: flags.sort, reverse: flags.reverse, offset: 0, problem: '' };
  const redraw = () => {
    const drawn = frame({ now, before, view, size: screen.size(), terminal });
    view = { ...view, offset: drawn.offset };
    screen.draw(drawn.lines);
  };
  const onKey = (key: string) => {
    if (ends.has(key)) {
      ending.abort();
      return;
    }
    view = pressed(view, key);
    redraw();
  };
  using _open = screen.open({ onKey, onResize: redraw });
  redraw();
  try {
    for (let wait = firstMs; ; wait = flags.interval * 1000) {
      await sleep(wait, signal);
      const next = await take(signal).catch(onlyAway);
      if (next instanceof CricketError) view = { ...view, problem: next.message };
      else [before, now, view] = [now, next, { ...view, problem: '' }];
      redraw();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function onlyAway(thrown: unknown): CricketError {
  const error = errorFrom(thrown);
  if (error.code !== 'unavailable') throw error;
  return error;
}

function pressed(view: View, key: string): View {
  const order = orderKeys[key];
  if (order !== undefined) return { ...view, order, offset: 0 };
  if (key === 'r') return { ...view, reverse: !view.reverse, offset: 0 };
  return { ...view, offset: Math.max(0, view.offset + (moves[key] ?? 0)) };
}
