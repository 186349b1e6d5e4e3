import type { TopAnswer } from '../../control/top.ts';
import { paint } from '../terminal.ts';
import type { Terminal } from '../terminal.ts';
import { fit, harmless } from '../text.ts';
import { binary, sorted } from './columns.ts';
import type { Order } from './columns.ts';
import { layOut } from './layout.ts';
import { rowsOf } from './rows.ts';
import type { TopRow } from './rows.ts';

/** What a person has chosen to see. */
export interface View {
  readonly order: Order;
  readonly reverse: boolean;
  /** Rows that are scrolled past. */
  readonly offset: number;
  /** Why what is shown is old; empty: it is not. */
  readonly problem: string;
}

export interface FrameInput {
  readonly now: TopAnswer;
  readonly before: TopAnswer | undefined;
  readonly view: View;
  readonly size: { readonly columns: number; readonly rows: number };
  readonly terminal: Pick<Terminal, 'colour'>;
}

/** Lines above and below the rows: summary, header, footer. */
const around = 3;

/** A screen full of it, and the offset that was possible. */
export function frame({ now, before, view, size, terminal }: FrameInput): {
  readonly lines: readonly string[];
  readonly offset: number;
} {
  const rows = sorted(rowsOf(now, before), view.order, view.reverse);
  const room = Math.max(0, size.rows - around);
  const offset = Math.max(0, Math.min(view.offset, rows.length - room));
  const { header, lines } = layOut(rows.slice(offset, offset + room), size.columns, terminal);
  const line = (text: string) => fit(text, size.columns).trimEnd();
  const all = [
    paint(terminal, 'bold', line(summary(now, rows))),
    paint(terminal, 'inverse', fit(header, size.columns)),
    ...lines,
    ...Array.from({ length: room - lines.length }, () => ''),
    footer(line, view, { offset, shown: lines.length, total: rows.length }, terminal),
  ];
  return { lines: all.slice(0, size.rows), offset };
}

function summary({ host }: TopAnswer, rows: readonly TopRow[]): string {
  const sum = (values: readonly (number | null)[]) => values.reduce<number>((total, value) => total + (value ?? 0), 0);
  const cpu = sum(rows.map(({ cpuPercent }) => cpuPercent)).toFixed(1);
  const memory = binary(sum(rows.map(({ memoryBytes }) => memoryBytes)));
  const oom = sum(rows.map(({ oomKills }) => oomKills));
  const parts = [
    `cricket top  ${rows.length} ${rows.length === 1 ? 'container' : 'containers'}`,
    `CPU ${cpu}% of ${host.cpus * 100}%`,
    `memory ${memory} of ${binary(host.memoryBytes)}`,
    ...(oom === 0 ? [] : [`OOM kills ${oom}`]),
  ];
  return parts.join('  ');
}

function footer(
  line: (text: string) => string,
  { order, reverse, problem }: View,
  { offset, shown, total }: { readonly offset: number; readonly shown: number; readonly total: number },
  terminal: Pick<Terminal, 'colour'>,
): string {
  if (problem !== '') return paint(terminal, 'red', line(`${harmless(problem)} (what is shown is old; trying again)`));
  if (total === 0) return paint(terminal, 'dim', line('no container runs here  q quit'));
  const part = shown < total ? `${offset + 1}-${offset + shown} of ${total}  ` : '';
  const by = `by ${order}${reverse ? ', least first' : ''}`;
  return paint(terminal, 'dim', line(`${part}${by}  sort: c m n i b p t s o e  r reverse  ↑↓ scroll  q quit`));
}
