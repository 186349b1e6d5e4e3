import { z } from 'zod';
import { integer } from '../values.ts';

export const eventsSection = z
  .strictObject({
    journalMib: integer(1, 65_536)
      .default(16)
      .describe(
        'MiB on disk that the journal of events may take; the oldest go first. A quarter of it is for commands run in containers, which probes make many of.',
      ),
  })
  .describe('Events: what `cricket events` tells of the past.');
