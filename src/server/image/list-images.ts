import type { ListImagesRequest, ListImagesResponse } from '../../../api/cri/v1/api.ts';
import type { Images } from '../../image/service.ts';
import type { Unary } from '../grpc/handlers.ts';
import { encodeImage } from './encode.ts';
import { filterImages } from './filter.ts';

export function listImages(images: Images): Unary<ListImagesRequest, ListImagesResponse> {
  return async ({ filter }) => ({ images: filterImages(images, filter).map(encodeImage) });
}
