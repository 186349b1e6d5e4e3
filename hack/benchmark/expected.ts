import type { ContestantResults, Results } from './results.ts';

interface Expectation {
  readonly what: string;
  readonly limit: number;
  readonly value: number | undefined;
}

/** Cricket's limits on the machine that they were set for; the ratios hold on any. Empty without a Cricket. */
export function renderExpectations({ contestants }: Results): string {
  const cricket = contestants.find(({ name }) => name.startsWith('cricket'));
  if (cricket === undefined) return '';
  const peer = contestants.find(({ name }) => name === 'containerd');
  const all = [...expectationsOf(cricket, peer), ...beyondPlugins(contestants, peer)];
  const rows = all.flatMap(({ what, limit, value }) => {
    if (value === undefined) return [];
    return [`| ${what} | ≤ ${limit} | ${value.toFixed(limit < 0.1 ? 3 : 2)} | ${value <= limit ? 'yes' : '**no**'} |`];
  });
  return ['### Expected', '', '| | limit | found | held |', '|---|---:|---:|---|', ...rows].join('\n');
}

/**
 * What containerd took on the machine on which the limits were set, in ms at the median (2.1.4 with runc and a shorter
 * chain of plugins). A limit beside it is a ratio, which a slower or busier machine leaves as it is.
 */
const reference = { RunPodSandbox: 105, StopPodSandbox: 108, ListContainerStats: 166 } as const;

function expectationsOf(cricket: ContestantResults, peer: ContestantResults | undefined): Expectation[] {
  const { calls, memory, starts, removal, stats } = cricket;
  const against = (call: 'RunPodSandbox' | 'pod up' | 'pod down') =>
    over(calls[call]?.median, peer?.calls[call]?.median);
  const pulled = (what: 'wall' | 'cpu') => over(cricket.pull?.[what].median, peer?.pull?.[what].median);
  const streamed = (what: 'output' | 'roundTrip') => over(cricket.streams?.[what].median, peer?.streams?.[what].median);
  const most = memory.findLast(({ pods }) => pods > 0);
  return [
    { what: 'RunPodSandbox, ms', limit: 8, value: calls.RunPodSandbox?.median },
    {
      what: 'RunPodSandbox / containerd',
      limit: inProportion(8, reference.RunPodSandbox),
      value: against('RunPodSandbox'),
    },
    { what: 'pod up, ms', limit: 30, value: calls['pod up']?.median },
    { what: 'pod up / containerd', limit: 0.35, value: against('pod up') },
    { what: 'pod down, ms', limit: 25, value: calls['pod down']?.median },
    { what: 'pod down / containerd', limit: 0.25, value: against('pod down') },
    { what: 'ExecSync, ms', limit: 6, value: calls.ExecSync?.median },
    {
      what: `daemon with ${most?.pods ?? 0} pods, MiB`,
      limit: 90,
      value: maximum(memory.filter(({ pods }) => pods === most?.pods).map(({ daemon }) => daemon)),
    },
    { what: 'helpers a pod, MiB', limit: 0.5, value: most?.helpers },
    ...starts.map(({ pods, ms }) => ({
      what: `start to first answer, ${pods} pods, ms`,
      limit: 400,
      value: ms.median,
    })),
    { what: 'pull / containerd', limit: 0.5, value: pulled('wall') },
    { what: 'processor time of a pull / containerd', limit: 1, value: pulled('cpu') },
    {
      what: '60 static pods of a kubelet / containerd',
      limit: 0.6,
      value: over(cricket.kubelet?.both.median, peer?.kubelet?.both.median),
    },
    { what: 'exec that prints 500 MiB / containerd', limit: 1, value: streamed('output') },
    { what: 'a byte through exec -i / containerd', limit: 1, value: streamed('roundTrip') },
    { what: 'ListContainerStats of 100, ms', limit: 6, value: stats?.calls.ListContainerStats?.median },
    {
      what: 'ListContainerStats of 100 / containerd',
      limit: inProportion(6, reference.ListContainerStats),
      value: over(stats?.calls.ListContainerStats?.median, peer?.stats?.calls.ListContainerStats?.median),
    },
    { what: 'ListPodSandboxStats of 100, ms', limit: 8, value: stats?.calls.ListPodSandboxStats?.median },
    { what: 'scrape of 200 pods, ms', limit: 40, value: stats?.scrape?.median },
    { what: 'main thread held up by it, ms', limit: 5, value: stats?.pause?.median },
    { what: 'processor time while nobody asks, %', limit: 0.1, value: stats?.idle },
    { what: 'slowest List during removals, ms', limit: 50, value: removal?.list.max },
  ];
}

/** What Cricket adds to the time that CNI plugins take. */
function beyondPlugins(contestants: readonly ContestantResults[], peer: ContestantResults | undefined): Expectation[] {
  const calls = contestants.find(({ name }) => name === 'cricket+cni')?.calls;
  const beyond = (call: 'RunPodSandbox' | 'StopPodSandbox', direction: 'ADD' | 'DEL') => {
    const [whole, plugins] = [calls?.[call]?.median, calls?.[`CNI plugins alone, ${direction}`]?.median];
    const value = whole === undefined || plugins === undefined ? undefined : whole - plugins;
    const what = `${call} beyond its CNI plugins`;
    const ratio = { limit: inProportion(5, reference[call]), value: over(value, peer?.calls[call]?.median) };
    return [
      { what: `${what}, ms`, limit: 5, value },
      { what: `${what} / containerd`, ...ratio },
    ];
  };
  return [...beyond('RunPodSandbox', 'ADD'), ...beyond('StopPodSandbox', 'DEL')];
}

function over(ours: number | undefined, theirs: number | undefined): number | undefined {
  return ours === undefined || theirs === undefined ? undefined : ours / theirs;
}

/** The ratio that a limit in ms was beside containerd's time. */
function inProportion(limit: number, containerd: number): number {
  return Number((limit / containerd).toFixed(3));
}

function maximum(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values);
}
