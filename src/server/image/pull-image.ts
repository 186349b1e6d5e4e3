import type { AuthConfig, PullImageRequest, PullImageResponse } from '../../../api/cri/v1/api.ts';
import type { Images } from '../../image/service.ts';
import type { Unary } from '../grpc/handlers.ts';
import { nonEmpty, required } from '../runtime/parse/values.ts';

/** image_ref is the image's id: what CreateContainer and ContainerStatus name it by. */
export function pullImage(images: Images): Unary<PullImageRequest, PullImageResponse> {
  return async ({ image: spec, auth }, { signal }) => {
    const reference = nonEmpty(required(spec, 'image').image, 'image.image');
    const image = await images.pull(reference, auth === undefined ? {} : { auth: settle(auth) }, signal);
    return { imageRef: image.id };
  };
}

const settle = ({ username, password, auth, serverAddress, identityToken, registryToken }: AuthConfig) => ({
  username,
  password,
  auth,
  serverAddress,
  identityToken,
  registryToken,
});
