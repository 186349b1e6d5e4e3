import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { MetricsServer, Secrets } from '../../../metrics/server.ts';
import { fail, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { DirectoryWatch } from '../../linux/inotify.ts';
import type { Watcher } from '../../linux/watcher.ts';
import type { Config } from '../config/schema.ts';

type Settings = Pick<Config['metrics'], 'tlsCertFile' | 'tlsKeyFile' | 'tokenFile'>;

/** The certificate with its key, and the token. Errors: `failed_precondition` naming the setting. */
export async function readSecrets({ tlsCertFile, tlsKeyFile, tokenFile }: Settings): Promise<Secrets> {
  const cert = await contentOf('tls_cert_file', tlsCertFile);
  const key = await contentOf('tls_key_file', tlsKeyFile);
  const token = (await contentOf('token_file', tokenFile))?.trim();
  // Nobody can show it: whoever empties the file would lock every scraper out.
  if (token === '') throw fail('failed_precondition', `metrics.token_file ${tokenFile} is empty`);
  return { tls: cert === undefined || key === undefined ? undefined : { cert, key }, token };
}

interface Renewal {
  /** What the server began with. */
  readonly secrets: Secrets;
  readonly server: Pick<MetricsServer, 'renew'>;
  readonly watcher: Watcher;
  readonly log: Logger;
}

/**
 * Reads the files again when they are replaced, until disposed: a certificate lives for weeks. What cannot be used, such
 * as a certificate whose key is still to come, is told in the log, and what was in use stays.
 */
export async function renewSecrets(settings: Settings, { secrets, ...parts }: Renewal): Promise<Disposable> {
  const { server, watcher, log } = parts;
  const files = [settings.tlsCertFile, settings.tlsKeyFile, settings.tokenFile].filter((file) => file !== '');
  // The whole directory: certificates come as new files, or behind a link that is turned round.
  const directories = [...new Set(files.map(dirname))];
  let inUse = JSON.stringify(secrets);
  const renew = async () => {
    try {
      // Watched before they are read: a change in between is told.
      await watch.watch(directories);
      const fresh = await readSecrets(settings);
      const text = JSON.stringify(fresh);
      if (text === inUse) return;
      server.renew(fresh);
      inUse = text;
      log.info('certificate and token of metrics read again');
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'certificate and token of metrics stay as they were');
    }
  };
  let work = Promise.resolve();
  const watch = new DirectoryWatch(watcher, () => void (work = work.then(renew)));
  if (directories.length > 0) await renew();
  return watch;
}

async function contentOf(setting: string, path: string): Promise<string | undefined> {
  if (path === '') return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw fail('failed_precondition', `metrics.${setting}: ${messageOf(error)}`, error);
  }
}
