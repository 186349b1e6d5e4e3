import { z } from 'zod';
import { logLevels } from '../../../base/log.ts';

export const logSection = z
  .strictObject({
    level: z
      .enum(logLevels)
      .default('info')
      .meta({ description: 'Least severe level that is written to stderr.', reloads: true }),
  })
  .describe('The log: one JSON object a line, on stderr.');
