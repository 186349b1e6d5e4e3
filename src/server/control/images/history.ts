import { z } from 'zod';
import { fail } from '../../../base/errors.ts';
import type { Images } from '../../../image/service.ts';
import type { Verb } from '../verb.ts';

export const imageHistoryPath = '/v1/images/history';

const step = z.object({
  /** RFC 3339; '' where the builder did not say. */
  created: z.string(),
  createdBy: z.string(),
  comment: z.string(),
  /** Of the layer that the step made, as it is unpacked; 0 for a step that made none. */
  bytes: z.number(),
  /** '' for a step that made none. */
  diffId: z.string(),
});
export const imageHistoryAnswer = z.object({ id: z.string(), steps: z.array(step) });
export type HistoryStep = z.output<typeof step>;

const text = z.string().nullish();
const configuration = z.object({
  rootfs: z.object({ diff_ids: z.array(z.string()).nullish() }).nullish(),
  history: z
    .array(z.object({ created: text, created_by: text, comment: text, empty_layer: z.boolean().nullish() }))
    .nullish(),
});

/** GET /v1/images/history?image=NAME : how an image was built, the last step first. */
export function imageHistoryVerb(images: Pick<Images, 'find' | 'rawConfig'>): Verb {
  return {
    method: 'GET',
    path: imageHistoryPath,
    async run({ query }) {
      const name = query.get('image') ?? '';
      const image = images.find(name);
      if (image === undefined) throw fail('not_found', `image ${name}: not here; cricket images ls tells which are`);
      const sizes = new Map<string, number>(image.layers.map(({ diffId, bytes }) => [diffId, bytes]));
      return { id: image.id, steps: stepsOf(await images.rawConfig(image.id), sizes).reverse() };
    },
  };
}

/**
 * The steps that the configuration tells (image-spec config.md, history), each with the layer it made. Layers that
 * no step tells of stand above, as they are all the same in the image.
 */
export function stepsOf(config: string, sizes: ReadonlyMap<string, number>): HistoryStep[] {
  const { rootfs, history } = configuration.parse(JSON.parse(config));
  const layers = [...(rootfs?.diff_ids ?? [])];
  const sized = (diffId: string | undefined) => ({
    diffId: diffId ?? '',
    bytes: (diffId === undefined ? undefined : sizes.get(diffId)) ?? 0,
  });
  const told = (history ?? []).map((one) => ({
    ...{ created: one.created ?? '', createdBy: one.created_by ?? '', comment: one.comment ?? '' },
    ...sized(one.empty_layer === true ? undefined : layers.shift()),
  }));
  const untold = layers.map((diffId) => ({ created: '', createdBy: '', comment: '', ...sized(diffId) }));
  return [...told, ...untold];
}
