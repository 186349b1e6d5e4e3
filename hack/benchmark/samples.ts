/** Everything that is timed by the call, in the order of the table. */
export const measures = [
  'RunPodSandbox',
  'CreateContainer',
  'StartContainer',
  'pod up',
  'ExecSync',
  'StopContainer',
  'RemoveContainer',
  'StopPodSandbox',
  'RemovePodSandbox',
  'pod down',
  'ContainerStatus',
  'ListContainers',
  'ListPodSandbox',
  'ListContainerStats',
  'CNI plugins alone, ADD',
  'CNI plugins alone, DEL',
] as const;
export type Measure = (typeof measures)[number];

/** Milliseconds by measure, in the order they were taken. */
export type Samples = Map<Measure, number[]>;

export interface Summary {
  readonly count: number;
  readonly min: number;
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

export function record(samples: Samples, measure: Measure, ms: number): void {
  const before = samples.get(measure);
  if (before === undefined) samples.set(measure, [ms]);
  else before.push(ms);
}

/** Runs `work` and records how long it took, if it succeeds. */
export async function timed<T>(samples: Samples, measure: Measure, work: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  const result = await work();
  record(samples, measure, performance.now() - begun);
  return result;
}

/** Undefined without a value. */
export function summarize(values: readonly number[]): Summary | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => quantile(sorted, share);
  return { count: sorted.length, min: at(0), median: at(0.5), p95: at(0.95), max: at(1) };
}

/** Linear between the two nearest ranks. */
function quantile(sorted: readonly number[], share: number): number {
  const rank = share * (sorted.length - 1);
  const below = sorted[Math.floor(rank)] ?? Number.NaN;
  const above = sorted[Math.ceil(rank)] ?? Number.NaN;
  return below + (above - below) * (rank - Math.floor(rank));
}
