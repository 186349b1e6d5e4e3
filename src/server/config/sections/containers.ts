import { z } from 'zod';
import { rlimitNames } from '../../../sandbox/oci/spec/rlimits.ts';
import { ulimitsAnnotation } from '../../../sandbox/oci/spec/ulimits.ts';
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

export const ulimitsSection = z
  .record(
    z.string().refine((name) => rlimitNames.includes(name), `must be one of ${rlimitNames.join(', ')}`),
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
    annotations: z
      .array(z.enum([ulimitsAnnotation]))
      .default([])
      .describe(
        'Annotations by which pods may change their containers: cricket/ulimits allows cricket/ulimits.CONTAINER = "nofile=1024:65536". Those not named here have no meaning.',
      ),
  })
  .describe('Defaults for containers.');
