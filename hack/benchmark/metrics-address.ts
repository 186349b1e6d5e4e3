import type { RequestOptions } from 'node:http';

/** Where a daemon tells its metrics; `path` included. */
export type MetricsAddress = Pick<RequestOptions, 'socketPath' | 'host' | 'port' | 'path'>;
