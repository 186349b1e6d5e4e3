import { mkdir } from 'node:fs/promises';
import { ImageServiceService, RuntimeServiceService } from '../../api/cri/v1/api.ts';
import { createMetrics } from '../../metrics/registry.ts';
import { serveMetrics } from '../../metrics/server.ts';
import { createLogger } from '../base/log.ts';
import { lockPidFile } from '../linux/flock.ts';
import { sendNotification } from '../linux/notify.ts';
import { pidFile } from './config/paths.ts';
import type { Config } from './config/schema.ts';
import { splitAddress } from './config/values.ts';
import type { ImageHandlers, RuntimeHandlers } from './grpc/handlers.ts';
import { rpcName } from './grpc/handlers.ts';
import { serveCri } from './grpc/serve.ts';
import { unimplemented, unimplementedStream } from './grpc/unimplemented.ts';
import { fired, notifierFor, reloadLogLevel, serviceManagerFrom, watchSignals } from './lifecycle.ts';
import { namesCollector, startTelemetry } from './telemetry.ts';
import { version } from './version.ts';

export interface DaemonOptions {
  readonly config: Config;
  /** Reads files and flags again: SIGHUP. */
  readonly readConfig: () => Promise<Config>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Milliseconds that calls in flight have after the first SIGTERM. */
const drainMs = 20_000;

/** The daemon, from its lock to its last call: the only wiring. */
export async function runDaemon({ config, readConfig, environment }: DaemonOptions): Promise<void> {
  const log = createLogger(config.log.level);
  await mkdir(config.state, { recursive: true, mode: 0o711 });
  using _lock = lockPidFile(pidFile(config));
  using notifier = notifierFor(serviceManagerFrom(environment, process.pid), sendNotification, log);
  using signals = watchSignals(
    reloadLogLevel(async () => (await readConfig()).log.level, log),
    log,
  );
  const tracing = config.tracing.endpoint !== '' || namesCollector(environment);
  await using _telemetry = tracing ? await startTelemetry({ ...config.tracing, version }, log) : undefined;
  const metrics = createMetrics(version);
  const address = splitAddress(config.metrics.address);
  await using _metrics = address && (await serveMetrics({ ...address, metrics, problems: () => [] }));
  const server = await serveCri(
    {
      socket: config.socket,
      group: config.group,
      runtime: refusing(RuntimeServiceService) as RuntimeHandlers,
      image: refusing(ImageServiceService) as ImageHandlers,
    },
    { log, metrics: metrics.rpc },
  );
  log.info({ socket: config.socket, version }, 'serving');
  notifier.ready(`serving ${config.socket}`);
  await fired(signals.ending);
  notifier.stopping();
  await server.drain(drainMs, signals.forced);
}

function refusing(service: object): unknown {
  const entries = Object.entries(service) as [string, { path: string; responseStream: boolean }][];
  const handler = (path: string, stream: boolean) => (stream ? unimplementedStream : unimplemented)(rpcName(path));
  return Object.fromEntries(entries.map(([name, { path, responseStream }]) => [name, handler(path, responseStream)]));
}
