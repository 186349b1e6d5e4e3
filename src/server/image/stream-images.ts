import type { StreamImagesRequest, StreamImagesResponse } from '../../../api/cri/v1/api.ts';
import type { Images } from '../../image/service.ts';
import type { ServerStream } from '../grpc/handlers.ts';
import { inChunks } from '../runtime/encode/chunks.ts';
import { encodeImage } from './encode.ts';
import { filterImages } from './filter.ts';
import type { Handlers } from './spec.ts';

/** ListImages for nodes whose list would not fit into one message (KEP-5825). */
export function streamImages(
  images: Images,
  handlers: Handlers,
): ServerStream<StreamImagesRequest, StreamImagesResponse> {
  return async function* ({ filter }) {
    for (const chunk of inChunks(filterImages(images, handlers, filter))) yield { images: chunk.map(encodeImage) };
  };
}
