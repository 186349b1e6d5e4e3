import { mkdir } from 'node:fs/promises';
import { createMetrics } from '../../metrics/registry.ts';
import { makePrivateDirectory } from '../base/checkpoint.ts';
import { fail } from '../base/errors.ts';
import { createLogger } from '../base/log.ts';
import type { StepName } from '../base/steps.ts';
import { lockPidFile } from '../linux/flock.ts';
import { killAt } from '../linux/kill-at.ts';
import { sendNotification } from '../linux/notify.ts';
import { controlSocket, pidFile } from './config/paths.ts';
import type { Config } from './config/schema.ts';
import { serveControl } from './control/serve.ts';
import { serveCri } from './grpc/serve.ts';
import { imageHandlers, runtimeHandlers } from './handlers.ts';
import { fired, notifierFor, serviceManagerFrom, stayAlive, watchSignals } from './lifecycle.ts';
import { readinessOf } from './readiness.ts';
import { reloader } from './reload.ts';
import { startRepairs } from './repairs.ts';
import { statusPages } from './status-page/pages.ts';
import { traceSettings } from './telemetry-settings.ts';
import { startTelemetry } from './telemetry.ts';
import { version } from './version.ts';
import { controlVerbs } from './wiring/control.ts';
import { openMetricsServer } from './wiring/metrics.ts';
import { openParts } from './wiring/parts.ts';
import { openStreams } from './wiring/streaming.ts';

export interface DaemonOptions {
  readonly config: Config;
  /** Reads files and flags again: SIGHUP. */
  readonly readConfig: () => Promise<Config>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ends the daemon at a step of a lifecycle operation: the kill test. */
  readonly killStep: StepName | undefined;
}

/** Milliseconds that calls in flight have after the first SIGTERM. */
const drainMs = 20_000;

/** The daemon, from its lock to its last call. What it works with is made in wiring/. */
export async function runDaemon({ config, readConfig, environment, killStep }: DaemonOptions): Promise<void> {
  const log = createLogger(config.log.level);
  await mkdir(config.state, { recursive: true, mode: 0o711 });
  await makePrivateDirectory(config.root);
  using _awake = stayAlive();
  using _lock = lockPidFile(pidFile(config));
  using notifier = notifierFor(serviceManagerFrom(environment, process.pid), sendNotification, log);
  using signals = watchSignals(reloader(config, readConfig, log), log);
  const tracing = traceSettings(config.tracing, environment);
  await using _telemetry = tracing && (await startTelemetry({ ...tracing, version }, log));
  const metrics = createMetrics(version);

  const lifetime = new AbortController();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => lifetime.abort(fail('unavailable', 'the daemon is ending')));
  const given = { config, environment, killStep, reach: killAt(killStep), log, metrics, lifetime: lifetime.signal };
  const parts = await openParts(given, stack);
  const repairs = await startRepairs(parts);
  stack.use(repairs);
  // Disposed first: what waits below waits for this.
  stack.defer(() => lifetime.abort(fail('unavailable', 'the daemon is ending')));

  let serving = false;
  const phase = () => (signals.ending.aborted ? 'ending' : serving ? 'serving' : 'starting');
  const readiness = readinessOf(parts, config, phase);
  const pages = statusPages({ ...parts, ...readiness }, config);
  stack.use(await openMetricsServer(config, parts, { metrics, pages, ...readiness }));
  stack.use(await serveControl({ socket: controlSocket(config), verbs: controlVerbs(parts, config) }, log));
  const streaming = stack.use(await openStreams(parts, config, metrics));
  const handlers = { runtime: runtimeHandlers(parts, streaming), image: imageHandlers(parts, config.images) };
  const server = await serveCri(
    { socket: config.socket, group: config.group, ...handlers },
    { log, metrics: metrics.rpc },
  );
  serving = true;
  log.info({ socket: config.socket, version, pods: parts.store.pods.size }, 'serving');
  notifier.ready(`serving ${config.socket}`);
  await fired(signals.ending);
  notifier.stopping();
  await server.drain(drainMs, signals.forced);
}
