import { join } from 'node:path';
import type { Config } from './schema.ts';

/** Files whose place follows from the configuration. */
export const pidFile = (config: Config): string => join(config.state, 'cricket.pid');
export const controlSocket = (config: Config): string => join(config.state, 'control.sock');
