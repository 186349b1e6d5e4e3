import type { RemoveImageRequest, RemoveImageResponse } from '../../../api/cri/v1/api.ts';
import type { Images } from '../../image/service.ts';
import type { Unary } from '../grpc/handlers.ts';
import { nonEmpty, required } from '../runtime/parse/values.ts';

/** An absent image is removed. */
export function removeImage(images: Images): Unary<RemoveImageRequest, RemoveImageResponse> {
  return async ({ image: spec }, { signal }) => {
    await images.remove(nonEmpty(required(spec, 'image').image, 'image.image'), signal);
    return {};
  };
}
