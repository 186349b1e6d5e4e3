import type { ImageStatusRequest, ImageStatusResponse } from '../../../api/cri/v1/api.ts';
import type { Image } from '../../image/image.ts';
import type { Images } from '../../image/service.ts';
import type { Unary } from '../grpc/handlers.ts';
import { required, nonEmpty } from '../runtime/parse/values.ts';
import { encodeImage } from './encode.ts';

/** An absent image is answered with no image and no error: so the kubelet asks whether to pull. */
export function imageStatus(images: Images): Unary<ImageStatusRequest, ImageStatusResponse> {
  return async ({ image: spec, verbose }) => {
    const image = images.find(nonEmpty(required(spec, 'image').image, 'image.image'));
    if (image === undefined) return { image: undefined, info: {} };
    return { image: encodeImage(image), info: verbose ? imageInfo(image) : {} };
  };
}

function imageInfo({ config, layers, size }: Image): Record<string, string> {
  const shown = { config, size: size.toString(), layers: layers.map(({ diffId }) => diffId) };
  return { info: JSON.stringify(shown) };
}
