import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createMetrics } from '../../metrics/registry.ts';
import { serveMetrics } from '../../metrics/server.ts';
import { makePrivateDirectory } from '../base/checkpoint.ts';
import { fail } from '../base/errors.ts';
import { Flights } from '../base/flights.ts';
import { KeyedLocks } from '../base/locks.ts';
import { createLogger } from '../base/log.ts';
import type { Logger } from '../base/log.ts';
import type { ReachStep } from '../base/steps.ts';
import { openCgroups } from '../cgroups/cgroups.ts';
import { openImages } from '../image/service.ts';
import { openDiskPool } from '../linux/disk.ts';
import { lockPidFile } from '../linux/flock.ts';
import { readBootId } from '../linux/host.ts';
import { sendNotification } from '../linux/notify.ts';
import { openPodCalls } from '../linux/pod-calls.ts';
import { Watcher } from '../linux/watcher.ts';
import { settleLater } from '../sandbox/container/exit.ts';
import type { ExitParts } from '../sandbox/container/exit.ts';
import { ExitWatch } from '../sandbox/container/exit-watch.ts';
import { openBuiltInNetwork } from '../sandbox/network/built-in.ts';
import { enterOwnCgroup } from '../sandbox/pod/cgroups.ts';
import type { ReconcileParts } from '../sandbox/reconcile.ts';
import { SeccompFilters } from '../sandbox/oci/seccomp-filters.ts';
import { createSampler } from '../sandbox/stats.ts';
import { loadStore } from '../sandbox/store/load.ts';
import { createPaths } from '../sandbox/store/paths.ts';
import { createStore } from '../sandbox/store/store.ts';
import { controlSocket, pidFile } from './config/paths.ts';
import type { Config } from './config/schema.ts';
import { splitAddress } from './config/values.ts';
import { importImageVerb } from './control/import-image.ts';
import { serveControl } from './control/serve.ts';
import { serveCri } from './grpc/serve.ts';
import { imageHandlers, runtimeHandlers } from './handlers.ts';
import type { HandlerParts } from './handlers.ts';
import { readInstance } from './instance.ts';
import { fired, notifierFor, reloadLogLevel, serviceManagerFrom, stayAlive, watchSignals } from './lifecycle.ts';
import { startRepairs } from './repairs.ts';
import { ociRuntimes, readHostFacts, readOomScore, sandboxSettings } from './settings.ts';
import { namesCollector, startTelemetry } from './telemetry.ts';
import { version } from './version.ts';

export interface DaemonOptions {
  readonly config: Config;
  /** Reads files and flags again: SIGHUP. */
  readonly readConfig: () => Promise<Config>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ends the daemon at a step of a lifecycle operation: the kill test. */
  readonly reach: ReachStep;
}

/** Milliseconds that calls in flight have after the first SIGTERM. */
const drainMs = 20_000;

/** The daemon, from its lock to its last call: the only wiring. */
export async function runDaemon({ config, readConfig, environment, reach }: DaemonOptions): Promise<void> {
  const log = createLogger(config.log.level);
  await mkdir(config.state, { recursive: true, mode: 0o711 });
  await makePrivateDirectory(config.root);
  using _awake = stayAlive();
  using _lock = lockPidFile(pidFile(config));
  using notifier = notifierFor(serviceManagerFrom(environment, process.pid), sendNotification, log);
  const readLevel = async () => (await readConfig()).log.level;
  using signals = watchSignals(reloadLogLevel(readLevel, log), log);
  const tracing = config.tracing.endpoint !== '' || namesCollector(environment);
  await using _telemetry = tracing ? await startTelemetry({ ...config.tracing, version }, log) : undefined;
  const metrics = createMetrics(version);

  const lifetime = new AbortController();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => lifetime.abort(fail('unavailable', 'the daemon is ending')));
  const parts = await openParts({ config, environment, reach, log, lifetime: lifetime.signal }, stack);
  const repairs = await startRepairs(parts);
  stack.use(repairs);
  // Disposed first: what waits below waits for this.
  stack.defer(() => lifetime.abort(fail('unavailable', 'the daemon is ending')));

  const problems = () => (parts.network.ready().ready ? [] : ['the pod network is not ready']);
  const address = splitAddress(config.metrics.address);
  if (address !== undefined) stack.use(await serveMetrics({ ...address, metrics, problems }));
  const importVerb = importImageVerb({
    uploads: join(config.root, 'ingest'),
    importImage: async (file, options, signal) => {
      const images = await parts.images.import(file, options, signal);
      return images.flatMap((image) => (image.repoTags.length > 0 ? image.repoTags : [image.id]));
    },
  });
  stack.use(await serveControl({ socket: controlSocket(config), verbs: [importVerb] }, log));
  const handlers = { runtime: runtimeHandlers(parts), image: imageHandlers(parts.images) };
  const server = await serveCri(
    { socket: config.socket, group: config.group, ...handlers },
    { log, metrics: metrics.rpc },
  );
  log.info({ socket: config.socket, version, pods: parts.store.pods.size }, 'serving');
  notifier.ready(`serving ${config.socket}`);
  await fired(signals.ending);
  notifier.stopping();
  await server.drain(drainMs, signals.forced);
}

interface Given {
  readonly config: Config;
  readonly environment: DaemonOptions['environment'];
  readonly reach: ReachStep;
  readonly log: Logger;
  readonly lifetime: AbortSignal;
}

/** Everything the operations work with, opened in the order of its needs; the stack closes it. */
async function openParts(given: Given, stack: AsyncDisposableStack): Promise<HandlerParts & ReconcileParts> {
  const { config, environment, log, lifetime, reach } = given;
  const stuck = (task: string) => log.error({ task }, 'a task does not answer: its worker is given up');
  const instance = await readInstance(config.root);
  const paths = createPaths(config.root, config.state, instance);
  const runtimes = ociRuntimes(config);
  for (const { root } of runtimes.values()) await mkdir(root, { recursive: true, mode: 0o700 });
  const store = await createStore(paths, log);
  const watcher = stack.use(new Watcher());
  const podCalls = stack.use(openPodCalls(stuck));
  const disk = stack.use(openDiskPool({ name: 'disk', size: 2, onStuck: stuck }));
  const hostPaths = stack.use(openDiskPool({ name: 'host paths', size: 4, onStuck: stuck }));
  const cgroups = openCgroups({ onStuck: () => stuck('cgroup limit') });
  const settings = sandboxSettings(config, log);
  const [images, network, empty] = await Promise.all([
    openImages(imageOptions(given)),
    openNetwork(given, instance, podCalls),
    loadStore(store, paths, log),
  ]);
  stack.defer(() => network.close());
  stack.defer(() => images.close());
  for (const directory of empty) await disk.call('removeTree', directory, lifetime);
  if (serviceManagerFrom(environment, process.pid).notifySocket === '') enterOwnCgroup({ cgroups, settings });
  const host = readHostFacts(cgroups);
  const common = {
    ...{ store, paths, runtimes, cgroups, images, network, watcher, podCalls, disk, hostPaths, settings, host },
    ...{ log, reach, lifetime, version, instance, bootId: readBootId(), stateDirectory: config.state },
    locks: new KeyedLocks<string>(),
    flights: new Flights<string, unknown>(),
    oomScore: readOomScore(host),
    seccompFilters: new SeccompFilters(),
  };
  const sampler = stack.use(createSampler({ ...common, mountpoint: config.root }));
  const exits = stack.use(new ExitWatch(watcher, paths.exits, (container) => settleLater(exitParts, container)));
  const parts = { ...common, sampler, exits };
  const exitParts: ExitParts = parts;
  return parts;
}

function imageOptions({ config, environment, log }: Given) {
  const { certsDir, authFile, plainHttp, pullProgressTimeoutSeconds, maxParallelPulls, pinned } = config.images;
  return {
    root: config.root,
    registry: {
      certsDir,
      authFile,
      plainHttpHosts: plainHttp,
      silenceMs: pullProgressTimeoutSeconds * 1000,
      proxy: environment,
    },
    pinned,
    log,
    maxParallelLayers: maxParallelPulls,
  };
}

async function openNetwork(
  { config, log }: Given,
  instance: ReconcileParts['instance'],
  podCalls: HandlerParts['podCalls'],
) {
  const { mode, ranges, bridge, mtu } = config.network;
  if (mode === 'cni')
    throw fail('unimplemented', 'network.mode = "cni" is not implemented in this version; use "built-in" or "auto"');
  return openBuiltInNetwork({
    instance,
    root: config.root,
    ranges,
    ...(bridge === '' ? {} : { bridge }),
    ...(mtu === 0 ? {} : { mtu }),
    log,
    links: async (call, argument, signal) => podCalls.call(call, argument, signal),
  });
}
