import { withTimeout } from '../base/abort.ts';
import { nowNanos } from '../base/clock.ts';
import type { CgroupStats } from '../cgroups/stats.ts';
import type { CgroupPath } from '../cgroups/path.ts';
import type { StatsReader } from '../cgroups/stats-reader.ts';
import type { Parts } from './parts.ts';
import type { Container } from './store/store.ts';

/** One look at one container. Bytes and nanoseconds; undefined where the host has no such number. */
export interface ContainerSample {
  readonly container: Container;
  readonly timestamp: bigint;
  readonly cpu: { readonly usageNs: bigint | undefined; readonly nanoCores: bigint | undefined };
  readonly memory: {
    readonly usageBytes: bigint | undefined;
    readonly workingSetBytes: bigint | undefined;
    /** To the limit; undefined without one. */
    readonly availableBytes: bigint | undefined;
    readonly rssBytes: bigint | undefined;
    readonly pageFaults: bigint | undefined;
    readonly majorPageFaults: bigint | undefined;
  };
  readonly swap: { readonly usageBytes: bigint; readonly availableBytes: bigint | undefined } | undefined;
  readonly disk: DiskSample;
}

interface DiskSample {
  readonly timestamp: bigint;
  readonly mountpoint: string;
  readonly bytes: bigint;
  readonly inodes: bigint;
}

/** One pass over cgroup files for whoever asks: the CRI stats RPCs, metrics, top. */
export interface Sampler extends Disposable {
  /** Samples of those that still have a cgroup, in order. */
  sample(containers: readonly Container[], signal: AbortSignal): Promise<readonly ContainerSample[]>;
}

interface Entry {
  readonly reader: StatsReader;
  cpu: { readonly at: bigint; readonly usageNs: bigint; readonly nanoCores: bigint | undefined } | undefined;
  disk: DiskSample | undefined;
  walk: Promise<void> | undefined;
}

/** A writable layer is walked again after so long; until then its last size is told. */
const diskAgeNs = 10_000_000_000n;
/** Milliseconds an answer waits for a walk; a large layer is told at the next call. */
const walkWaitMs = 250;
/** A shorter distance between two samples says nothing of the rate. */
const leastRateNs = 50_000_000n;

type SamplerParts = Pick<Parts, 'cgroups' | 'disk' | 'lifetime' | 'paths' | 'store'> & { readonly mountpoint: string };

export function createSampler(parts: SamplerParts): Sampler {
  const entries = new Map<string, Entry>();
  const entryOf = ({ record }: Container): Entry => {
    let entry = entries.get(record.id);
    if (entry === undefined) {
      const reader = parts.cgroups.reader(record.cgroup as CgroupPath);
      entry = { reader, cpu: undefined, disk: undefined, walk: undefined };
      entries.set(record.id, entry);
    }
    return entry;
  };
  const drop = (id: string, entry: Entry) => {
    entry.reader[Symbol.dispose]();
    entries.delete(id);
  };
  return {
    async sample(containers, signal) {
      for (const [id, entry] of entries) if (!parts.store.containers.has(id as never)) drop(id, entry);
      const looked = containers.map((container) => ({ container, entry: entryOf(container) }));
      const stats = looked.map(({ entry }) => entry.reader.read());
      await Promise.all(looked.map(({ container, entry }) => freshDisk(parts, container, entry, signal)));
      return looked.flatMap(({ container, entry }, i) => {
        const found = stats[i];
        if (found !== undefined) return [toSample(container, entry, found, parts.mountpoint)];
        drop(container.record.id, entry);
        return [];
      });
    },
    [Symbol.dispose]() {
      for (const [id, entry] of [...entries]) drop(id, entry);
    },
  };
}

async function freshDisk(parts: SamplerParts, container: Container, entry: Entry, signal: AbortSignal): Promise<void> {
  const age = entry.disk === undefined ? undefined : nowNanos() - entry.disk.timestamp;
  if (age !== undefined && age < diskAgeNs) return;
  entry.walk ??= walk(parts, container, entry).finally(() => (entry.walk = undefined));
  const limit = withTimeout(signal, walkWaitMs);
  const { promise: waited, resolve } = Promise.withResolvers<undefined>();
  limit.addEventListener('abort', () => resolve(undefined), { once: true });
  await Promise.race([entry.walk, waited]);
}

async function walk(parts: SamplerParts, { record }: Container, entry: Entry): Promise<void> {
  const { upper } = parts.paths.container(record.id);
  try {
    const { bytes, inodes } = await parts.disk.call('diskUsage', upper, parts.lifetime);
    entry.disk = {
      timestamp: nowNanos(),
      mountpoint: parts.mountpoint,
      bytes: BigInt(bytes),
      inodes: BigInt(inodes),
    };
  } catch {
    // The daemon ends, or the layer is being deleted: the last size stands.
  }
}

function toSample(container: Container, entry: Entry, stats: CgroupStats, mountpoint: string): ContainerSample {
  const { memory } = stats;
  const usageNs = stats.cpu?.usageNs;
  if (usageNs !== undefined) entry.cpu = nextRate(entry.cpu, stats.at, usageNs);
  const { limit, swapLimit } = memory ?? {};
  return {
    container,
    timestamp: stats.at,
    cpu: { usageNs, nanoCores: entry.cpu?.nanoCores },
    memory: {
      usageBytes: memory?.usage,
      workingSetBytes: memory?.workingSet,
      availableBytes: limit === undefined || memory === undefined ? undefined : atLeast0(limit - memory.workingSet),
      rssBytes: memory?.rss,
      pageFaults: memory?.pageFaults,
      majorPageFaults: memory?.majorPageFaults,
    },
    swap: memory && {
      usageBytes: memory.swap,
      availableBytes: swapLimit === undefined ? undefined : atLeast0(swapLimit - memory.swap),
    },
    disk: entry.disk ?? { timestamp: stats.at, mountpoint, bytes: 0n, inodes: 0n },
  };
}

function nextRate(before: Entry['cpu'], at: bigint, usageNs: bigint): Entry['cpu'] {
  if (before === undefined) return { at, usageNs, nanoCores: undefined };
  if (at - before.at < leastRateNs) return before;
  const nanoCores = (atLeast0(usageNs - before.usageNs) * 1_000_000_000n) / (at - before.at);
  return { at, usageNs, nanoCores };
}

const atLeast0 = (value: bigint): bigint => (value < 0n ? 0n : value);
