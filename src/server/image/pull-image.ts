import type { AuthConfig, PullImageRequest, PullImageResponse } from '../../../api/cri/v1/api.ts';
import { errorFrom, fail } from '../../base/errors.ts';
import type { CricketError } from '../../base/errors.ts';
import type { Images } from '../../image/service.ts';
import { isRefusal } from '../../image/verify/policy.ts';
import type { Unary } from '../grpc/handlers.ts';
import { nonEmpty, required } from '../runtime/parse/values.ts';

/** image_ref is the image's id: what CreateContainer and ContainerStatus name it by. */
export function pullImage(images: Images): Unary<PullImageRequest, PullImageResponse> {
  return async ({ image: spec, auth }, { signal }) => {
    const reference = nonEmpty(required(spec, 'image').image, 'image.image');
    const options = auth === undefined ? {} : { auth: settle(auth) };
    const image = await images.pull(reference, options, signal).catch((error: unknown) => {
      throw asKubeletReads(error);
    });
    return { imageRef: image.id };
  };
}

/**
 * The kubelet looks for two beginnings of a message (k8s.io/cri-api/pkg/errors), and sees them only under the code
 * UNKNOWN: any other is put in front of the message.
 */
function asKubeletReads(thrown: unknown): CricketError {
  const error = errorFrom(thrown);
  if (isRefusal(error)) return fail('unknown', `SignatureValidationFailed: ${error.message}`, error);
  return error.code === 'unavailable' ? fail('unknown', `RegistryUnavailable: ${error.message}`, error) : error;
}

const settle = ({ username, password, auth, serverAddress, identityToken, registryToken }: AuthConfig) => ({
  username,
  password,
  auth,
  serverAddress,
  identityToken,
  registryToken,
});
