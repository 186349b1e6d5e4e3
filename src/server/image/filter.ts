import type { ImageFilter } from '../../../api/cri/v1/api.ts';
import type { Image } from '../../image/image.ts';
import type { Images } from '../../image/service.ts';
import { demandHandler } from './spec.ts';
import type { Handlers } from './spec.ts';

/** All images, or the one that the filter names. */
export function filterImages(images: Images, handlers: Handlers, filter: ImageFilter | undefined): readonly Image[] {
  const name = filter?.image?.image ?? '';
  if (name === '') return images.list();
  demandHandler(filter?.image?.runtimeHandler ?? '', handlers, 'filter.image.runtime_handler');
  const found = images.find(name);
  return found === undefined ? [] : [found];
}
