import { z } from 'zod';
import { errorFrom, fail } from '../../../base/errors.ts';
import type { Image, Images } from '../../../image/service.ts';
import type { Verb } from '../verb.ts';
import { bytesFreed, isUnused } from './disk-usage.ts';

export const pruneImagesPath = '/v1/images/prune';
export const pruneImagesAnswer = z.object({
  images: z.array(z.object({ id: z.string(), tags: z.array(z.string()) })),
  /** Images that a container took hold of meanwhile, and why they stayed. */
  kept: z.array(z.object({ id: z.string(), reason: z.string() })),
  bytes: z.number(),
});
export type PruneAnswer = z.output<typeof pruneImagesAnswer>;

/**
 * POST /v1/images/prune?all=1&older=SECONDS&dry=1 : removes images that no container uses and nobody pinned: those
 * without a name, or all of them. `older`: only those that came here longer ago. `dry`: only tells.
 */
export function pruneImagesVerb(images: Images): Verb {
  return {
    method: 'POST',
    path: pruneImagesPath,
    async run({ query }, signal): Promise<PruneAnswer> {
      const before = Date.now() - 1000 * secondsOf(query.get('older') ?? '0');
      const wanted = images
        .list()
        .filter((image) => isUnused(images, image) && (query.has('all') || image.repoTags.length === 0))
        .filter((image) => query.get('older') === null || (Date.parse(image.added) || 0) < before);
      if (query.has('dry')) return { images: wanted.map(told), kept: [], bytes: bytesFreed(images, wanted) };
      const gone: Image[] = [];
      const kept: { id: string; reason: string }[] = [];
      let bytes = 0;
      for (const image of wanted) {
        const frees = bytesFreed(images, [image]);
        try {
          await images.remove(image.id, signal);
          gone.push(image);
          bytes += frees;
        } catch (error) {
          signal.throwIfAborted();
          kept.push({ id: image.id, reason: errorFrom(error).message });
        }
      }
      return { images: gone.map(told), kept, bytes };
    },
  };
}

const told = ({ id, repoTags }: Image) => ({ id, tags: [...repoTags] });

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (text === '' || !Number.isFinite(seconds) || seconds < 0)
    throw fail('invalid_argument', `older ${JSON.stringify(text)}: must be seconds`);
  return seconds;
}
