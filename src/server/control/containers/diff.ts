import { z } from 'zod';
import { containerChanges } from '../../../sandbox/container/changes.ts';
import type { Parts } from '../../../sandbox/parts.ts';
import type { Verb } from '../verb.ts';
import { namedContainer } from './named.ts';

export const diffPath = '/v1/containers/diff';
export const diffAnswer = z.array(z.object({ kind: z.enum(['A', 'C', 'D']), path: z.string() }));

/** GET /v1/containers/diff?object=NAME : what it did to the files of its image. */
export function diffVerb(parts: Pick<Parts, 'disk' | 'images' | 'paths' | 'store'>): Verb {
  return {
    method: 'GET',
    path: diffPath,
    run: async ({ query }, signal) => containerChanges(parts, namedContainer(parts, query), signal),
  };
}
