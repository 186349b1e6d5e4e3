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
  const all = [...expectationsOf(cricket, peer), ...beyondPlugins(contestants)];
  const rows = all.flatMap(({ what, limit, value }) => {
    if (value === undefined) return [];
    return [`| ${what} | ≤ ${limit} | ${value.toFixed(2)} | ${value <= limit ? 'yes' : '**no**'} |`];
  });
  return ['### Expected', '', '| | limit | found | held |', '|---|---:|---:|---|', ...rows].join('\n');
}

function expectationsOf(cricket: ContestantResults, peer: ContestantResults | undefined): Expectation[] {
  const { calls, memory, starts, removal, stats } = cricket;
  const ratio = (measure: 'pod up' | 'pod down') => {
    const [ours, theirs] = [calls[measure]?.median, peer?.calls[measure]?.median];
    return ours === undefined || theirs === undefined ? undefined : ours / theirs;
  };
  const pullRatio = (what: 'wall' | 'cpu') => {
    const [ours, theirs] = [cricket.pull?.[what].median, peer?.pull?.[what].median];
    return ours === undefined || theirs === undefined ? undefined : ours / theirs;
  };
  const streamRatio = (what: 'output' | 'roundTrip') => {
    const [ours, theirs] = [cricket.streams?.[what].median, peer?.streams?.[what].median];
    return ours === undefined || theirs === undefined ? undefined : ours / theirs;
  };
  const [ours, theirs] = [cricket.kubelet?.both.median, peer?.kubelet?.both.median];
  const kubeletRatio = ours === undefined || theirs === undefined ? undefined : ours / theirs;
  const most = memory.findLast(({ pods }) => pods > 0);
  return [
    { what: 'RunPodSandbox, ms', limit: 8, value: calls.RunPodSandbox?.median },
    { what: 'pod up, ms', limit: 30, value: calls['pod up']?.median },
    { what: 'pod up / containerd', limit: 0.35, value: ratio('pod up') },
    { what: 'pod down, ms', limit: 25, value: calls['pod down']?.median },
    { what: 'pod down / containerd', limit: 0.25, value: ratio('pod down') },
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
    { what: 'pull / containerd', limit: 0.5, value: pullRatio('wall') },
    { what: 'processor time of a pull / containerd', limit: 1, value: pullRatio('cpu') },
    { what: '60 static pods of a kubelet / containerd', limit: 0.6, value: kubeletRatio },
    { what: 'exec that prints 500 MiB / containerd', limit: 1, value: streamRatio('output') },
    { what: 'a byte through exec -i / containerd', limit: 1, value: streamRatio('roundTrip') },
    { what: 'ListContainerStats of 100, ms', limit: 6, value: stats?.calls.ListContainerStats?.median },
    { what: 'ListPodSandboxStats of 100, ms', limit: 8, value: stats?.calls.ListPodSandboxStats?.median },
    { what: 'scrape of 200 pods, ms', limit: 40, value: stats?.scrape?.median },
    { what: 'main thread held up by it, ms', limit: 5, value: stats?.pause?.median },
    { what: 'processor time while nobody asks, %', limit: 0.1, value: stats?.idle },
    { what: 'slowest List during removals, ms', limit: 50, value: removal?.list.max },
  ];
}

/** What Cricket adds to the time that CNI plugins take. */
function beyondPlugins(contestants: readonly ContestantResults[]): Expectation[] {
  const calls = contestants.find(({ name }) => name === 'cricket+cni')?.calls;
  const beyond = (
    call: 'RunPodSandbox' | 'StopPodSandbox',
    alone: 'CNI plugins alone, ADD' | 'CNI plugins alone, DEL',
  ) => {
    const [whole, part] = [calls?.[call]?.median, calls?.[alone]?.median];
    return { what: `${call} beyond its CNI plugins, ms`, limit: 5, value: whole && part ? whole - part : undefined };
  };
  return [beyond('RunPodSandbox', 'CNI plugins alone, ADD'), beyond('StopPodSandbox', 'CNI plugins alone, DEL')];
}

function maximum(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values);
}
