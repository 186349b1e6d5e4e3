import type { ListImagesRequest, ListImagesResponse } from '../../../api/cri/v1/api.ts';
import type { Images } from '../../image/service.ts';
import type { Unary } from '../grpc/handlers.ts';
import { encodeImage } from './encode.ts';
import { filterImages } from './filter.ts';
import type { Handlers } from './spec.ts';

export function listImages(images: Images, handlers: Handlers): Unary<ListImagesRequest, ListImagesResponse> {
  return async ({ filter }) => ({ images: filterImages(images, handlers, filter).map(encodeImage) });
}
