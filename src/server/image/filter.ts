import type { ImageFilter } from '../../../api/cri/v1/api.ts';
import type { Image } from '../../image/image.ts';
import type { Images } from '../../image/service.ts';

/** All images, or the one that the filter names. */
export function filterImages(images: Images, filter: ImageFilter | undefined): readonly Image[] {
  const name = filter?.image?.image ?? '';
  if (name === '') return images.list();
  const found = images.find(name);
  return found === undefined ? [] : [found];
}
