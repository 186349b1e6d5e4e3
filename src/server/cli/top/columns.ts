import type { Colour } from '../terminal.ts';
import { harmless } from '../text.ts';
import type { Align } from '../text.ts';
import type { TopRow } from './rows.ts';

export interface Column {
  readonly title: string;
  readonly align: Align;
  /** In a terminal that is too narrow the highest goes first; 0 stays. */
  readonly drop: number;
  readonly cell: (row: TopRow) => string;
  readonly colour?: (row: TopRow) => Colour | undefined;
}

/** Of all its names: the whole of a container's, as `cricket ps` and `inspect` take it. */
export const nameOf = ({ namespace, pod, name }: TopRow): string =>
  harmless([namespace, pod, name].filter((part) => part !== '').join('/'));

export const columns: readonly Column[] = [
  { title: 'CONTAINER', align: 'left', drop: 0, cell: nameOf },
  { title: 'ID', align: 'left', drop: 9, cell: ({ id }) => id.slice(0, 12) },
  { title: 'CPU %', align: 'right', drop: 0, cell: ({ cpuPercent }) => percent(cpuPercent) },
  {
    ...{ title: 'MEM USAGE / LIMIT', align: 'right', drop: 1 },
    cell: ({ memoryBytes, memoryLimitBytes }) =>
      `${binary(memoryBytes)} / ${memoryLimitBytes === null ? 'none' : binary(memoryLimitBytes)}`,
  },
  {
    ...{ title: 'MEM %', align: 'right', drop: 0, cell: ({ memoryPercent }) => percent(memoryPercent) },
    colour: ({ memoryPercent }) => level(memoryPercent, 80, 95),
  },
  {
    ...{ title: 'NET I/O', align: 'right', drop: 6 },
    cell: ({ receivedBytes, sentBytes }) => `${decimal(receivedBytes)} / ${decimal(sentBytes)}`,
  },
  {
    ...{ title: 'BLOCK I/O', align: 'right', drop: 7 },
    cell: ({ readBytes, writtenBytes }) => `${decimal(readBytes)} / ${decimal(writtenBytes)}`,
  },
  { title: 'PIDS', align: 'right', drop: 2, cell: ({ pids }) => count(pids) },
  {
    ...{ title: 'THROTTLED', align: 'right', drop: 5, cell: ({ throttledPercent }) => percent(throttledPercent) },
    colour: ({ throttledPercent }) => level(throttledPercent, 10, 50),
  },
  {
    ...{ title: 'PSI CPU/MEM/IO', align: 'right', drop: 8 },
    cell: ({ cpuPressure, memoryPressure, ioPressure }) =>
      [cpuPressure, memoryPressure, ioPressure].map((value) => (value === null ? '-' : Math.round(value))).join('/'),
    colour: ({ memoryPressure, ioPressure }) => level(Math.max(memoryPressure ?? 0, ioPressure ?? 0), 10, 40),
  },
  {
    ...{ title: 'OOM', align: 'right', drop: 3, cell: ({ oomKills }) => count(oomKills) },
    colour: ({ oomKills }) => ((oomKills ?? 0) > 0 ? 'red' : undefined),
  },
  { title: 'RESTARTS', align: 'right', drop: 4, cell: ({ restarts }) => `${restarts}` },
];

type Compare = (a: TopRow, b: TopRow) => number;
const most =
  (value: (row: TopRow) => number | null): Compare =>
  (a, b) =>
    (value(b) ?? -1) - (value(a) ?? -1);

/** What rows can be ordered by; the most of it first, names from A. */
export const orders = {
  cpu: most(({ cpuPercent }) => cpuPercent),
  memory: most(({ memoryBytes }) => memoryBytes),
  name: (a, b) => (nameOf(a) < nameOf(b) ? -1 : 1),
  net: most((row) => (row.receivedBytes ?? 0) + (row.sentBytes ?? 0)),
  block: most((row) => (row.readBytes ?? 0) + (row.writtenBytes ?? 0)),
  pids: most(({ pids }) => pids),
  throttled: most(({ throttledPercent }) => throttledPercent),
  pressure: most((row) => Math.max(row.cpuPressure ?? 0, row.memoryPressure ?? 0, row.ioPressure ?? 0)),
  oom: most(({ oomKills }) => oomKills),
  restarts: most(({ restarts }) => restarts),
} as const satisfies Readonly<Record<string, Compare>>;
export type Order = keyof typeof orders;

/** By name where they are equal, so that rows do not jump. */
export function sorted(rows: readonly TopRow[], order: Order, reverse: boolean): readonly TopRow[] {
  const sign = reverse ? -1 : 1;
  return rows.toSorted((a, b) => sign * orders[order](a, b) || orders.name(a, b));
}

function level(value: number | null, warn: number, bad: number): Colour | undefined {
  if (value === null || value < warn) return undefined;
  return value < bad ? 'yellow' : 'red';
}

const percent = (value: number | null): string => (value === null ? '-' : `${value.toFixed(value < 99.95 ? 1 : 0)}%`);
const count = (value: number | null): string => (value === null ? '-' : `${value}`);
/** Memory as docker shows it: 1 KiB = 1024 B; everything else by thousands. */
export const binary = (value: number | null): string => scaled(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']);
export const decimal = (value: number | null): string => scaled(value, 1000, ['B', 'kB', 'MB', 'GB', 'TB', 'PB']);

function scaled(value: number | null, base: number, units: readonly string[]): string {
  if (value === null) return '-';
  let rest = value;
  let unit = 0;
  // What would be shown as 1000 of one unit is 1 of the next.
  for (; rest >= 999.5 && unit < units.length - 1; unit++) rest /= base;
  return `${unit === 0 || rest >= 99.95 ? Math.round(rest) : rest.toFixed(rest >= 9.995 ? 1 : 2)}${units[unit] ?? ''}`;
}
