import { z } from 'zod';

export const eventsSection = z
  .strictObject({
    journalMib: z
      .number()
      .refine((value) => Number.isInteger(value) && value >= 1 && value <= 65_536, 'must be a whole number from 1 to 65536')
      .default(16)
      .describe(
        'MiB on disk that the journal of events may take; the oldest go first. A quarter of it is for commands run in containers, which probes make many of.',
      ),
  })
  .describe('Events: what `cricket events` tells of the past.');
