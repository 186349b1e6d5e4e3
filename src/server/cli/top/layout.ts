import { paint } from '../terminal.ts';
import type { Terminal } from '../terminal.ts';
import { displayWidth, fit } from '../text.ts';
import { columns as allColumns } from './columns.ts';
import type { Column } from './columns.ts';
import type { TopRow } from './rows.ts';

const gap = '  ';
/** Cells that a name keeps as long as there is another column to drop. */
const leastName = 20;

interface Laid {
  readonly column: Column;
  readonly width: number;
}

/** Header and rows, none wider than `width`; columns that have no room are left out, the least needed first. */
export function layOut(
  rows: readonly TopRow[],
  width: number,
  terminal: Pick<Terminal, 'colour'>,
): { readonly header: string; readonly lines: readonly string[] } {
  const laid = chooseColumns(rows, width);
  const header = laid.map(({ column, width: cells }) => fit(column.title, cells, column.align)).join(gap);
  const lines = rows.map((row) =>
    laid
      .map(({ column, width: cells }) => {
        const text = fit(column.cell(row), cells, column.align);
        const colour = column.colour?.(row);
        return colour === undefined ? text : paint(terminal, colour, text);
      })
      .join(gap)
      .trimEnd(),
  );
  return { header: header.trimEnd(), lines };
}

function chooseColumns(rows: readonly TopRow[], width: number): readonly Laid[] {
  let chosen: readonly Laid[] = allColumns.map((column) => ({ column, width: naturalWidth(column, rows) }));
  const [name] = chosen;
  const wantedName = name?.width ?? 0;
  const others = () => chosen.slice(1).reduce((total, laid) => total + laid.width + gap.length, 0);
  while (others() + Math.min(wantedName, leastName) > width) {
    const last = chosen.reduce((worst, laid) => (laid.column.drop > worst.column.drop ? laid : worst));
    if (last.column.drop === 0) break;
    chosen = chosen.filter((laid) => laid !== last);
  }
  const nameWidth = Math.max(1, Math.min(wantedName, width - others()));
  const laid = chosen.map(({ column, width: natural }, i) => ({ column, width: i === 0 ? nameWidth : natural }));
  return withinWidth(laid, width);
}

/** Where not even the needed columns fit, those on the right are not there. */
function withinWidth(laid: readonly Laid[], width: number): readonly Laid[] {
  let total = -gap.length;
  return laid.filter((each) => (total += each.width + gap.length) <= width);
}

const naturalWidth = (column: Column, rows: readonly TopRow[]): number =>
  rows.reduce((widest, row) => Math.max(widest, displayWidth(column.cell(row))), column.title.length);
