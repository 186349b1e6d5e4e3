import type { Images } from '../../image/service.ts';
import type { Verb } from './verb.ts';

export const pullProgressPath = '/v1/images/progress';

/** GET /v1/images/progress?image=NAME: how far the pulls of an image are; none where it is not being pulled. */
export function pullProgressVerb(images: Pick<Images, 'progress'>): Verb {
  return {
    method: 'GET',
    path: pullProgressPath,
    run: async ({ query }) => ({ pulls: images.progress(query.get('image') ?? '') }),
  };
}
