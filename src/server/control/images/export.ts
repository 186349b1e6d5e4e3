import { Readable } from 'node:stream';
import { fail } from '../../../base/errors.ts';
import type { Images } from '../../../image/service.ts';
import type { Verb } from '../verb.ts';

export const exportImagesPath = '/v1/images/export';

/** GET /v1/images/export?image=NAME&image=… : the images as one tar, an OCI layout that docker load reads too. */
export function exportImagesVerb(images: Pick<Images, 'export'>): Verb {
  return {
    method: 'GET',
    path: exportImagesPath,
    async run({ query }, signal) {
      const names = query.getAll('image');
      if (names.length === 0) throw fail('invalid_argument', 'no image is named; name one at least');
      return Readable.from(await images.export(names, signal), { objectMode: false });
    },
  };
}
