import type { TopAnswer, TopContainer } from '../../control/top.ts';

/** A container as `cricket top` shows it, and as `--format json` prints it. Null: not known. */
export interface TopRow {
  readonly id: string;
  readonly name: string;
  readonly pod: string;
  readonly namespace: string;
  readonly podId: string;
  readonly state: string;
  /** Percent of one CPU since the sample before. */
  readonly cpuPercent: number | null;
  /** The working set: what the kubelet evicts by. */
  readonly memoryBytes: number | null;
  /** Null: no limit but the node's memory. */
  readonly memoryLimitBytes: number | null;
  /** Of the limit, or of the node's memory where there is none. */
  readonly memoryPercent: number | null;
  /** Of the whole pod. */
  readonly receivedBytes: number | null;
  readonly sentBytes: number | null;
  readonly readBytes: number | null;
  readonly writtenBytes: number | null;
  readonly pids: number | null;
  readonly pidsLimit: number | null;
  /** Percent of the periods since the sample before in which the CPU limit held it up. */
  readonly throttledPercent: number | null;
  /** Percent of the last ten seconds in which some task waited for it. */
  readonly cpuPressure: number | null;
  readonly memoryPressure: number | null;
  readonly ioPressure: number | null;
  readonly oomKills: number | null;
  readonly restarts: number;
}

/** What two samples say together; without an earlier one there are no rates. */
export function rowsOf(now: TopAnswer, before: TopAnswer | undefined): readonly TopRow[] {
  const earlier = new Map(before?.containers.map((container) => [container.id, container]));
  return now.containers.map((container) => rowOf(container, earlier.get(container.id), now.host));
}

function rowOf(now: TopContainer, before: TopContainer | undefined, host: TopAnswer['host']): TopRow {
  const { id, name, pod, namespace, podId, state, oomKills, restarts, pids, pidsLimit, pressure } = now;
  const limit = now.memoryLimitBytes;
  const share = now.memoryBytes === null ? null : now.memoryBytes / Math.min(limit ?? Infinity, host.memoryBytes);
  return {
    ...{ id, name, pod, namespace, podId, state },
    // Nanoseconds in milliseconds: a CPU's whole time is a million of them.
    cpuPercent: scaled(ratio(since(now.cpuNs, before?.cpuNs), since(now.at, before?.at)), 100 / 1e6),
    ...{ memoryBytes: now.memoryBytes, memoryLimitBytes: limit, memoryPercent: scaled(share, 100) },
    ...{ receivedBytes: now.receivedBytes, sentBytes: now.sentBytes },
    ...{ readBytes: now.readBytes, writtenBytes: now.writeBytes, pids, pidsLimit },
    throttledPercent: scaled(
      ratio(since(now.throttledPeriods, before?.throttledPeriods), since(now.periods, before?.periods)),
      100,
    ),
    ...{ cpuPressure: pressure.cpu, memoryPressure: pressure.memory, ioPressure: pressure.io },
    ...{ oomKills, restarts },
  };
}

/** Null too where a counter began anew. */
function since(now: number | null, before: number | null | undefined): number | null {
  return now === null || before === null || before === undefined || now < before ? null : now - before;
}

/** Nothing of nothing is nothing: no period has passed, so none was throttled. */
function ratio(part: number | null, whole: number | null): number | null {
  if (part === null || whole === null) return null;
  return whole === 0 ? 0 : part / whole;
}

/** Two decimals: more would be noise. */
const scaled = (value: number | null, factor: number): number | null =>
  value === null ? null : Math.round(value * factor * 100) / 100;
