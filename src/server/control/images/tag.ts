import { z } from 'zod';
import type { Images } from '../../../image/service.ts';
import type { Verb } from '../verb.ts';

export const tagImagePath = '/v1/images/tag';
export const tagImageAnswer = z.object({ id: z.string(), tags: z.array(z.string()) });

/** POST /v1/images/tag?image=NAME&tag=REFERENCE : one more name for an image. */
export function tagImageVerb(images: Pick<Images, 'tag'>): Verb {
  return {
    method: 'POST',
    path: tagImagePath,
    async run({ query }, signal) {
      const { id, repoTags } = await images.tag(query.get('image') ?? '', query.get('tag') ?? '', signal);
      return { id, tags: repoTags };
    },
  };
}
