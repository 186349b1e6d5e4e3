import { readFile } from 'node:fs/promises';
import { serveMetrics } from '../../../metrics/server.ts';
import type { MetricsServer, MetricsServerOptions } from '../../../metrics/server.ts';
import { fail, messageOf } from '../../base/errors.ts';
import type { Config } from '../config/schema.ts';
import { splitServerAddress } from '../config/values.ts';
import { freeSocketPath } from '../grpc/socket.ts';
import type { HandlerParts } from '../handlers.ts';

type Served = Pick<MetricsServerOptions, 'metrics' | 'problems' | 'faults' | 'pages'>;

/** Serves what metrics.address says; undefined where that is empty. Errors: `failed_precondition` naming the setting. */
export async function openMetricsServer(
  { metrics: settings }: Pick<Config, 'metrics'>,
  { sampler }: Pick<HandlerParts, 'sampler'>,
  served: Served,
): Promise<MetricsServer | undefined> {
  const address = splitServerAddress(settings.address);
  if (address === undefined) return undefined;
  if ('socket' in address) await freeSocketPath(address.socket);
  const cert = await contentOf('tls_cert_file', settings.tlsCertFile);
  const key = await contentOf('tls_key_file', settings.tlsKeyFile);
  const token = (await contentOf('token_file', settings.tokenFile))?.trim();
  if (token === '') throw fail('failed_precondition', `metrics.token_file ${settings.tokenFile} is empty`);
  return serveMetrics({
    ...address,
    ...served,
    tls: cert === undefined || key === undefined ? undefined : { cert, key },
    token,
    containers: (head, form, signal) => sampler.series(head, form, signal),
  });
}

async function contentOf(setting: string, path: string): Promise<string | undefined> {
  if (path === '') return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw fail('failed_precondition', `metrics.${setting}: ${messageOf(error)}`, error);
  }
}
