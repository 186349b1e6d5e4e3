import { z } from 'zod';
import { integer } from '../values.ts';

const ulimit = z
  .strictObject({
    soft: integer(-1, Number.MAX_SAFE_INTEGER).describe('The limit in force; -1 is unlimited.'),
    hard: integer(-1, Number.MAX_SAFE_INTEGER).describe('How far the container itself may raise it; -1 is unlimited.'),
  })
  .refine(
    ({ soft, hard }) => hard === -1 || (soft !== -1 && soft <= hard),
    'must have a soft limit not above the hard one',
  )
  .describe('One resource limit, named as in getrlimit(2) without RLIMIT_.');

const ulimitNames: readonly string[] = [
  'as',
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
];

export const ulimitsSection = z
  .record(
    z.string().refine((name) => ulimitNames.includes(name), `must be one of ${ulimitNames.join(', ')}`),
    ulimit,
  )
  .describe('Resource limits of containers. Without a table here a container has the default of the daemon.');

/** A container would otherwise inherit the daemon's own, which is far above what select(2) programs bear. */
export const builtInUlimits = { nofile: { soft: 1024, hard: 524288 } };

export const containersSection = z
  .strictObject({
    pidsLimit: integer(-1, 4194304)
      .default(-1)
      .describe('Most processes and threads of a container whose pod sets no limit. -1: as many as its pod may have.'),
  })
  .describe('Defaults for containers.');
