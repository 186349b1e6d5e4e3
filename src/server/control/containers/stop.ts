import { z } from 'zod';
import { fail } from '../../../base/errors.ts';
import { stopContainer } from '../../../sandbox/container/stop.ts';
import type { StopParts } from '../../../sandbox/container/stop.ts';
import type { Parts } from '../../../sandbox/parts.ts';
import type { Verb } from '../verb.ts';
import { namedContainer } from './named.ts';

export const stopPath = '/v1/containers/stop';
export const stopAnswer = z.object({ id: z.string() });

const defaultSeconds = 10;

/** POST /v1/containers/stop?object=NAME&seconds=N : its stop signal, then SIGKILL; one that has ended is fine. */
export function stopVerb(parts: StopParts & Pick<Parts, 'images'>): Verb {
  return {
    method: 'POST',
    path: stopPath,
    async run({ query }, signal): Promise<z.output<typeof stopAnswer>> {
      const seconds = Number(query.get('seconds') ?? defaultSeconds);
      if (!Number.isInteger(seconds) || seconds < 0)
        throw fail('invalid_argument', `seconds ${JSON.stringify(query.get('seconds'))}: give a whole number`);
      const container = namedContainer(parts, query);
      await stopContainer(parts, container, seconds, signal);
      return { id: container.record.id };
    },
  };
}
