import type { RemoveImageRequest, RemoveImageResponse } from '../../../api/cri/v1/api.ts';
import type { Images } from '../../image/service.ts';
import type { Unary } from '../grpc/handlers.ts';
import { imageNameIn } from './spec.ts';
import type { Handlers } from './spec.ts';

/** An absent image is removed. */
export function removeImage(images: Images, handlers: Handlers): Unary<RemoveImageRequest, RemoveImageResponse> {
  return async ({ image: spec }, { signal }) => {
    await images.remove(imageNameIn(spec, handlers), signal);
    return {};
  };
}
