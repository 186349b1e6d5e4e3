import { availableParallelism, totalmem } from 'node:os';
import { z } from 'zod';
import { isLive } from '../../sandbox/container/state.ts';
import type { PodSample } from '../../sandbox/stats/sample.ts';
import type { Sampler } from '../../sandbox/stats/sampler.ts';
import type { Container, Pod, Store } from '../../sandbox/store/store.ts';
import { findNamed } from './named-object.ts';
import type { KnownObjects } from './named-object.ts';
import type { Verb } from './verb.ts';

export const topPath = '/v1/top';

const some = z.number().nullable();
const topContainer = z.object({
  ...{ id: z.string(), name: z.string(), pod: z.string(), namespace: z.string(), podId: z.string() },
  /** Nothing is measured of one that does not run. */
  state: z.string(),
  restarts: z.number(),
  /** OOM kills that were seen in it; null: not known. */
  oomKills: some,
  /** Milliseconds since 1970 at which it was measured; null: it was not. */
  at: some,
  /** Nanoseconds; the next two count periods while there is a CPU limit. */
  cpuNs: some,
  periods: some,
  throttledPeriods: some,
  memoryBytes: some,
  memoryLimitBytes: some,
  /** Percent of the last ten seconds in which some task waited. */
  pressure: z.object({ cpu: some, memory: some, io: some }),
  readBytes: some,
  writeBytes: some,
  /** Of its pod, all interfaces but the loopback; null on the host's network. */
  receivedBytes: some,
  sentBytes: some,
  /** Tasks, as pids.max counts them. */
  pids: some,
  pidsLimit: some,
});
export const topAnswer = z.object({
  host: z.object({ cpus: z.number(), memoryBytes: z.number() }),
  containers: z.array(topContainer),
});
export type TopAnswer = z.output<typeof topAnswer>;
export type TopContainer = z.output<typeof topContainer>;

export type TopParts = KnownObjects & {
  readonly store: Pick<Store, 'pods' | 'containers' | 'unreadable'>;
  readonly sampler: Pick<Sampler, 'samplePods'>;
};

/** GET /v1/top?object=NAME&all=true : counters of containers, those of a pod, or all; the caller makes rates of two. */
export function topVerb(parts: TopParts): Verb {
  return {
    method: 'GET',
    path: topPath,
    run: async ({ query }, signal) => topOf(parts, { names: query.getAll('object'), all: query.has('all') }, signal),
  };
}

/** Errors: `not_found`, `invalid_argument` for a name. */
export async function topOf(
  parts: TopParts,
  wanted: { readonly names: readonly string[]; readonly all: boolean },
  signal: AbortSignal,
): Promise<TopAnswer> {
  const chosen = wanted.names.length === 0 ? [...parts.store.containers.values()] : named(parts, wanted.names);
  const shown = chosen.filter(({ state }) => state.kind !== 'creating' && (wanted.all || isLive(state)));
  const ids = new Set(shown.map(({ record }) => record.podId));
  const pods = [...parts.store.pods.values()].filter(({ record }) => ids.has(record.id));
  const samples = new Map(
    (await parts.sampler.samplePods(pods, 'all', signal)).map((each) => [each.pod.record.id, each]),
  );
  return {
    host: { cpus: availableParallelism(), memoryBytes: totalmem() },
    containers: shown.map((container) => {
      const { podId } = container.record;
      return row(container, parts.store.pods.get(podId), samples.get(podId));
    }),
  };
}

function named(parts: TopParts, names: readonly string[]): readonly Container[] {
  const found = names.flatMap((name) => {
    const object = findNamed(parts, name, ['pod', 'container']);
    if (object.kind === 'container') return [object.container];
    if (object.kind !== 'pod') return [];
    return [...parts.store.containers.values()].filter(({ record }) => record.podId === object.pod.record.id);
  });
  return [...new Set(found)];
}

function row(container: Container, pod: Pod | undefined, sampled: PodSample | undefined): TopContainer {
  const { record, state } = container;
  const sample = sampled?.containers.find((each) => each.container === container);
  const { cpu, memory, pids, io, pressure } = sample?.stats ?? {};
  const { bounds } = sample ?? {};
  const config = pod?.record.config;
  return {
    ...{ id: record.id, name: record.config.name, podId: record.podId },
    ...{ pod: config?.name ?? '', namespace: config?.namespace ?? '' },
    ...{ state: state.kind, restarts: record.config.attempt, oomKills: sample?.oomEvents ?? null },
    at: sample === undefined ? null : sample.stats.at / 1000,
    ...{ cpuNs: number(cpu?.usageNs), periods: number(cpu?.periods), throttledPeriods: number(cpu?.throttledPeriods) },
    ...{ memoryBytes: number(memory?.workingSet), memoryLimitBytes: number(bounds?.limit) },
    pressure: {
      cpu: pressure?.cpu?.some.avg10 ?? null,
      memory: pressure?.memory?.some.avg10 ?? null,
      io: pressure?.io?.some.avg10 ?? null,
    },
    readBytes: total(io?.map(({ readBytes }) => readBytes)),
    writeBytes: total(io?.map(({ writeBytes }) => writeBytes)),
    receivedBytes: total(sampled?.interfaces?.map(({ rxBytes }) => rxBytes)),
    sentBytes: total(sampled?.interfaces?.map(({ txBytes }) => txBytes)),
    ...{ pids: number(pids?.current), pidsLimit: number(bounds?.tasks) },
  };
}

const number = (value: number | undefined): number | null => value ?? null;
const total = (values: readonly number[] | undefined): number | null =>
  number(values?.reduce((sum, value) => sum + value, 0));
