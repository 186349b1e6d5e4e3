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

/** Bytes that conmon writes at once. */
const leastLogSize = 16_384;

export const containersSection = z
  .strictObject({
    pidsLimit: integer(-1, 4194304)
      .default(-1)
      .describe('Most processes and threads of a container whose pod sets no limit. -1: as many as its pod may have.'),
    logSizeMax: integer(-1, Number.MAX_SAFE_INTEGER)
      .refine((bytes) => bytes === -1 || bytes >= leastLogSize, `must be -1 or at least ${leastLogSize}`)
      .default(-1)
      .describe(
        'Bytes of a container log, above which it is thrown away and begun anew. A guard against a full disk between two rotations of the kubelet, which keep all lines: set it well above containerLogMaxSize. -1: none.',
      ),
  })
  .describe('Defaults for containers.');
