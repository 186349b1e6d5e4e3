import { statfs } from 'node:fs/promises';
import { cpus, freemem, hostname, release, totalmem, uptime } from 'node:os';
import { z } from 'zod';
import type { Parts } from '../../sandbox/parts.ts';
import { isReady } from '../../sandbox/pod/state.ts';
import type { Config } from '../config/schema.ts';
import { cgroupParent } from '../wiring/cgroups.ts';
import type { Verb } from './verb.ts';

export const infoPath = '/v1/info';

const counts = z.record(z.string(), z.number());
export const infoAnswer = z.object({
  version: z.string(),
  node: z.string(),
  pid: z.number(),
  /** Seconds. */
  uptime: z.number(),
  instance: z.string(),
  host: z.object({
    ...{ name: z.string(), kernel: z.string(), architecture: z.string(), cpus: z.number() },
    ...{ memoryBytes: z.number(), freeMemoryBytes: z.number(), uptime: z.number() },
  }),
  cgroups: z.object({ version: z.string(), driver: z.string(), parent: z.string() }),
  runtimes: z.array(z.object({ name: z.string(), path: z.string(), isDefault: z.boolean() })),
  monitor: z.string(),
  storage: z.object({
    ...{ driver: z.string(), root: z.string(), state: z.string(), images: z.number() },
    /** Of all layers, each counted once. */
    layerBytes: z.number(),
    ...{ freeBytes: z.number(), totalBytes: z.number() },
  }),
  network: z.object({ mode: z.string(), ready: z.boolean(), reason: z.string(), ranges: z.array(z.string()) }),
  pods: counts,
  containers: counts,
  unreadable: z.number(),
  /** CRI, control and metrics, as they are listened on; empty: not. */
  endpoints: z.object({ cri: z.string(), metrics: z.string() }),
  log: z.string(),
});
export type InfoAnswer = z.output<typeof infoAnswer>;

export type InfoParts = Pick<Parts, 'cgroups' | 'images' | 'instance' | 'log' | 'network' | 'runtimes' | 'store'> & {
  readonly version: string;
};

/** GET /v1/info : what this daemon is, what it has and what it runs on. */
export function infoVerb(parts: InfoParts, config: Config): Verb {
  return { method: 'GET', path: infoPath, run: async (_request, signal) => nodeInfo(parts, config, signal) };
}

export async function nodeInfo(parts: InfoParts, config: Config, signal: AbortSignal): Promise<InfoAnswer> {
  const { cgroups, images, instance, log, store } = parts;
  const { usedBytes } = await images.filesystem(signal);
  const { bavail, blocks, bsize } = await statfs(config.root);
  return {
    ...{ version: parts.version, node: process.versions.node, pid: process.pid, uptime: process.uptime() },
    instance,
    host: hostFacts(),
    cgroups: { version: cgroups.version, driver: cgroups.driver, parent: cgroupParent(config.cgroup) },
    runtimes: [...parts.runtimes.values()].map(({ name, path }) => ({
      ...{ name, path, isDefault: name === config.defaultRuntime },
    })),
    monitor: config.conmon.path,
    storage: {
      ...{ driver: 'overlay', root: config.root, state: config.state, images: images.list().length },
      ...{ layerBytes: Number(usedBytes), freeBytes: bavail * bsize, totalBytes: blocks * bsize },
    },
    network: networkFacts(parts, config),
    ...objectCounts(store),
    unreadable: store.unreadable.size,
    endpoints: { cri: config.socket, metrics: config.metrics.address },
    log: log.level,
  };
}

function hostFacts(): InfoAnswer['host'] {
  return {
    ...{ name: hostname(), kernel: release(), architecture: process.arch, cpus: cpus().length },
    ...{ memoryBytes: totalmem(), freeMemoryBytes: freemem(), uptime: uptime() },
  };
}

function networkFacts({ network }: InfoParts, config: Config): InfoAnswer['network'] {
  const state = network.ready();
  const { mode, ranges } = config.network;
  return { mode, ready: state.ready, reason: state.ready ? '' : `${state.reason}: ${state.message}`, ranges };
}

/** By state, in the words of CRI for pods and of our own for containers. */
export function objectCounts({ pods, containers }: InfoParts['store']): Pick<InfoAnswer, 'pods' | 'containers'> {
  const known = [...pods.values()].filter(({ state }) => state.kind !== 'creating');
  return {
    pods: tally(known.map(({ state }) => (isReady(state) ? 'ready' : 'not ready'))),
    containers: tally([...containers.values()].map(({ state }) => state.kind)),
  };
}

function tally(names: readonly string[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const name of names) total[name] = (total[name] ?? 0) + 1;
  return total;
}
