import type { ContestantResults, Results } from './results.ts';
import { kubeletPods } from './kubelet.ts';
import { measures } from './samples.ts';
import { statsCalls } from './raw-calls.ts';
import { statsPods } from './stats.ts';
import type { Summary } from './samples.ts';

/** Markdown: the tables of docs/performance.md. */
export function renderTables(results: Results): string {
  const { contestants, pods } = results;
  const names = contestants.map(({ name }) => name);
  const parts = [
    {
      title: `Calls with ${pods} pods running, ms, fastest / median / p95`,
      head: [...names, ...ratioNames(names)],
      rows: callRows(contestants),
    },
    { title: 'Memory, MiB (PSS)', head: names, rows: memoryRows(contestants) },
    {
      title: 'Start of the process to the first full list, ms, median / max',
      head: names,
      rows: startRows(contestants),
    },
    {
      title: 'Streams, fastest / median / p95',
      head: [...names, ...ratioNames(names)],
      rows: streamRows(contestants),
    },
    {
      title: '20 pods removed at once, with unwritten files, beside a host path that never answers',
      head: names,
      rows: removalRows(contestants),
    },
  ];
  parts.push({
    title: 'Pull of 300 MB in 15,000 files and 6 layers, ms, fastest / median / p95',
    head: [...names, ...ratioNames(names)],
    rows: pullRows(contestants),
  });
  parts.push({
    title: `Figures of ${statsPods(pods).calls} pods (calls) and ${statsPods(pods).scrape} (scrape), ms, fastest / median / p95`,
    head: [...names, ...ratioNames(names)],
    rows: statsRows(contestants),
  });
  parts.push({
    title: `A kubelet with ${kubeletPods} static pods, ms, fastest / median / p95`,
    head: [...names, ...ratioNames(names)],
    rows: kubeletRows(contestants),
  });
  const shown = parts.filter(({ rows }) => rows.length > 0);
  return shown.map(({ title, head, rows }) => `### ${title}\n\n${table(['', ...head], rows)}`).join('\n\n');
}

type Row = readonly string[];

function callRows(contestants: readonly ContestantResults[]): Row[] {
  return measures.flatMap((measure) => {
    const found = contestants.map(({ calls }) => calls[measure]);
    if (found.every((one) => one === undefined)) return [];
    return [[measure, ...found.map(spread), ...ratios(found)]];
  });
}

/** How long the first takes, as a share of each other's time. */
const ratioNames = (names: readonly string[]): string[] => names.slice(1).map((name) => `${names[0] ?? ''} / ${name}`);

function ratios([first, ...others]: readonly (Summary | undefined)[]): string[] {
  return others.map((other) => (first && other ? (first.median / other.median).toFixed(2) : '–'));
}

function memoryRows(contestants: readonly ContestantResults[]): Row[] {
  const most = contestants.map(({ memory }) => memory).sort((a, b) => b.length - a.length)[0] ?? [];
  return most.flatMap(({ when }, i) => {
    const at = contestants.map(({ memory }) => memory[i]);
    const rows: Row[] = [[`daemon, ${when}`, ...at.map((point) => number(point?.daemon))]];
    const helpers = at.map((point) =>
      point && point.pods > 0 ? `${point.helpers.toFixed(2)} (${point.helperNames})` : '–',
    );
    return helpers.every((text) => text === '–') ? rows : [...rows, [`helpers a pod, ${when}`, ...helpers]];
  });
}

function startRows(contestants: readonly ContestantResults[]): Row[] {
  const counts = [...new Set(contestants.flatMap(({ starts }) => starts.map(({ pods }) => pods)))];
  return counts.map((pods) => [
    `${pods} pods`,
    ...contestants.map(({ starts }) => {
      const ms = starts.find((point) => point.pods === pods)?.ms;
      return pair(ms?.median, ms?.max);
    }),
  ]);
}

function pullRows(contestants: readonly ContestantResults[]): Row[] {
  return (['wall', 'cpu'] as const).flatMap((what) => {
    const found = contestants.map(({ pull }) => pull?.[what]);
    if (found.every((one) => one === undefined)) return [];
    return [[what === 'wall' ? 'PullImage' : 'processor time', ...found.map(spread), ...ratios(found)]];
  });
}

function kubeletRows(contestants: readonly ContestantResults[]): Row[] {
  const titles = { up: 'to Running', down: 'to gone', both: 'both' } as const;
  return (['up', 'down', 'both'] as const).flatMap((what) => {
    const found = contestants.map(({ kubelet }) => kubelet?.[what]);
    if (found.every((one) => one === undefined)) return [];
    return [[titles[what], ...found.map(spread), ...ratios(found)]];
  });
}

function statsRows(contestants: readonly ContestantResults[]): Row[] {
  const row = (title: string, found: readonly (Summary | undefined)[]): Row[] =>
    found.every((one) => one === undefined) ? [] : [[title, ...found.map(spread), ...ratios(found)]];
  const stats = contestants.map((one) => one.stats);
  const rows = [
    ...statsCalls.flatMap((call) =>
      row(
        call,
        stats.map((one) => one?.calls[call]),
      ),
    ),
    ...row(
      'scrape',
      stats.map((one) => one?.scrape),
    ),
    ...row(
      'main thread held up by a scrape',
      stats.map((one) => one?.pause),
    ),
    ...row(
      'an OOM kill until a scrape tells it',
      stats.map((one) => one?.oom),
    ),
  ];
  if (stats.every((one) => one === undefined)) return rows;
  const none = contestants.slice(1).map(() => '–');
  return [...rows, ['processor time while nobody asks, %', ...stats.map((one) => number(one?.idle)), ...none]];
}

function streamRows(contestants: readonly ContestantResults[]): Row[] {
  const row = (title: string, found: readonly (Summary | undefined)[]): Row[] =>
    found.every((one) => one === undefined) ? [] : [[title, ...found.map(spread), ...ratios(found)]];
  return [
    ...row(
      'exec that prints 500 MiB, s',
      contestants.map(({ streams }) => streams?.output),
    ),
    ...row(
      'a byte through exec -i and back, ms',
      contestants.map(({ streams }) => streams?.roundTrip),
    ),
  ];
}

function removalRows(contestants: readonly ContestantResults[]): Row[] {
  const found = contestants.map(({ removal }) => removal);
  if (found.every((one) => one === undefined)) return [];
  return [
    [
      'List calls, ms, median / p95 / max',
      ...found.map((one) => (one ? `${pair(one.list.median, one.list.p95)} / ${number(one.list.max)}` : '–')),
    ],
    ['first and last pod gone after, ms', ...found.map((one) => pair(one?.firstGone, one?.lastGone))],
    ['the container with that path, meanwhile', ...found.map((one) => one?.stuckCreate ?? '–')],
  ];
}

function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

/** The fastest tells most on a machine that does other things too: nothing makes a call faster than it is. */
function spread(one: Summary | undefined): string {
  return one === undefined ? '–' : [one.min, one.median, one.p95].map(number).join(' / ');
}

function pair(one: number | undefined, two: number | undefined): string {
  return one === undefined ? '–' : `${number(one)} / ${number(two)}`;
}

/** Three digits that mean something. */
function number(value: number | undefined): string {
  if (value === undefined) return '–';
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}
