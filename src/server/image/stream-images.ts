import type { StreamImagesRequest, StreamImagesResponse } from '../../../api/cri/v1/api.ts';
import type { Images } from '../../image/service.ts';
import type { ServerStream } from '../grpc/handlers.ts';
import { inChunks } from '../runtime/encode/chunks.ts';
import { encodeImage } from './encode.ts';
import { filterImages } from './filter.ts';

/** ListImages for nodes whose list would not fit into one message (KEP-5825). */
export function streamImages(images: Images): ServerStream<StreamImagesRequest, StreamImagesResponse> {
  return async function* ({ filter }) {
    for (const chunk of inChunks(filterImages(images, filter))) yield { images: chunk.map(encodeImage) };
  };
}
