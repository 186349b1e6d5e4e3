import { z } from 'zod';
import { logLevels } from '../../../base/log.ts';

export const logSection = z
  .strictObject({
    level: z
      .enum(logLevels)
      .default('info')
      .describe('Least severe level that is written to stderr. SIGHUP reads it again.'),
  })
  .describe('The log: one JSON object a line, on stderr.');
