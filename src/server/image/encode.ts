import type { Image as WireImage } from '../../../api/cri/v1/api.ts';
import type { Image } from '../../image/image.ts';

export function encodeImage(image: Image): WireImage {
  const name = image.config.user.split(':')[0] ?? '';
  const uid = /^\d+$/.test(name) ? { value: BigInt(name) } : undefined;
  return {
    id: image.id,
    repoTags: image.repoTags,
    repoDigests: image.repoDigests,
    size: image.size,
    uid,
    username: uid === undefined ? name : '',
    spec: undefined,
    pinned: image.pinned,
  };
}
