import { serveMetrics } from '../../../metrics/server.ts';
import type { MetricsServerOptions } from '../../../metrics/server.ts';
import type { Logger } from '../../base/log.ts';
import type { Watcher } from '../../linux/watcher.ts';
import type { Config } from '../config/schema.ts';
import { splitServerAddress } from '../config/values.ts';
import { freeSocketPath } from '../grpc/socket.ts';
import type { HandlerParts } from '../handlers.ts';
import { readSecrets, renewSecrets } from './metrics-secrets.ts';

type Served = Pick<MetricsServerOptions, 'metrics' | 'problems' | 'faults' | 'pages'>;

interface MetricsParts extends Pick<HandlerParts, 'sampler'> {
  readonly watcher: Watcher;
  readonly log: Logger;
}

/** Serves what metrics.address says; undefined where that is empty. Errors: `failed_precondition` naming the setting. */
export async function openMetricsServer(
  { metrics: settings }: Pick<Config, 'metrics'>,
  { sampler, watcher, log }: MetricsParts,
  served: Served,
): Promise<AsyncDisposable | undefined> {
  const address = splitServerAddress(settings.address);
  if (address === undefined) return undefined;
  if ('socket' in address) await freeSocketPath(address.socket);
  const secrets = await readSecrets(settings);
  const server = await serveMetrics({
    ...address,
    ...served,
    ...secrets,
    containers: (head, form, signal) => sampler.series(head, form, signal),
  });
  const renewing = await renewSecrets(settings, { secrets, server, watcher, log });
  return {
    async [Symbol.asyncDispose]() {
      renewing[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
