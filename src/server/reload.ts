import type { Logger } from '../base/log.ts';
import { changedSettings } from './config/changes.ts';
import type { Config } from './config/schema.ts';

/**
 * What SIGHUP does: reads the configuration again, puts the log level into force, and names what else has changed and
 * waits for a restart. Errors: those of `readConfig`; all stays as it is then.
 */
export function reloader(config: Config, readConfig: () => Promise<Config>, log: Logger): () => Promise<void> {
  return async () => {
    const fresh = await readConfig();
    const before = log.level;
    log.level = fresh.log.level;
    log.info({ from: before, to: log.level }, 'log level read again');
    const { restart } = changedSettings(config, fresh);
    if (restart.length > 0) log.warn({ settings: restart }, 'changed settings wait for a restart of the service');
  };
}
