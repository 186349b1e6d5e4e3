import { z } from 'zod';
import type { Images } from '../../../image/service.ts';
import type { Verb } from '../verb.ts';

export const examineImagesPath = '/v1/images/examine';
export const examineImagesAnswer = z.object({
  layers: z.number(),
  unknown: z.number(),
  corrupt: z.array(z.object({ diffId: z.string(), reason: z.string(), quarantine: z.string() })),
  images: z.array(z.object({ id: z.string(), names: z.array(z.string()), error: z.string() })),
});

/** POST /v1/images/examine : reads every layer, puts corrupt ones aside and pulls their images again. */
export function examineImagesVerb(images: Pick<Images, 'examine'>): Verb {
  return { method: 'POST', path: examineImagesPath, run: async (_request, signal) => images.examine(signal) };
}
