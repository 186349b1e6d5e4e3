import { z } from 'zod';
import { pauseContainer, unpauseContainer } from '../../../sandbox/container/pause.ts';
import type { Parts } from '../../../sandbox/parts.ts';
import type { Verb } from '../verb.ts';
import { namedContainer } from './named.ts';

export const pausePath = '/v1/containers/pause';
export const unpausePath = '/v1/containers/unpause';
export const pauseAnswer = z.object({ id: z.string() });

type PauseParts = Pick<Parts, 'cgroups' | 'events' | 'images' | 'locks' | 'store'>;

/** POST /v1/containers/pause?object=NAME : holds a container still. */
export const pauseVerb = (parts: PauseParts): Verb => verbOf(parts, pausePath, pauseContainer);

/** POST /v1/containers/unpause?object=NAME : lets it go on. */
export const unpauseVerb = (parts: PauseParts): Verb => verbOf(parts, unpausePath, unpauseContainer);

function verbOf(parts: PauseParts, path: string, change: typeof pauseContainer): Verb {
  return {
    method: 'POST',
    path,
    async run({ query }, signal): Promise<z.output<typeof pauseAnswer>> {
      const container = namedContainer(parts, query);
      await change(parts, container, signal);
      return { id: container.record.id };
    },
  };
}
