import type { AuthConfig, PullImageRequest, PullImageResponse } from '../../../api/cri/v1/api.ts';
import { errorFrom, fail } from '../../base/errors.ts';
import type { CricketError } from '../../base/errors.ts';
import type { Images } from '../../image/service.ts';
import { isRefusal } from '../../image/verify/policy.ts';
import type { Unary } from '../grpc/handlers.ts';
import { parsePlatform } from '../../image/registry/platform.ts';
import type { Platform } from '../../image/registry/manifest.ts';
import { imageNameIn } from './spec.ts';
import type { Handlers } from './spec.ts';

/** image_ref is the image's id: what CreateContainer and ContainerStatus name it by. */
export function pullImage(
  images: Images,
  handlers: Handlers,
  rules: PullRules,
): Unary<PullImageRequest, PullImageResponse> {
  return async ({ image: spec, auth }, { signal }) => {
    const reference = imageNameIn(spec, handlers);
    const platform = platformIn(spec?.annotations ?? {}, rules);
    const options = { ...(auth !== undefined && { auth: settle(auth) }), ...(platform !== undefined && { platform }) };
    const image = await images.pull(reference, options, signal).catch((error: unknown) => {
      throw asKubeletReads(error);
    });
    return { imageRef: image.id };
  };
}

const platformKey = 'cricket/platform';

export interface PullRules {
  /** Those that pods may use. */
  readonly annotations: readonly string[];
}

/** The kubelet hands a pod's annotations over with each image (KEP-4216). Errors: `invalid_argument`. */
function platformIn(annotations: Readonly<Record<string, string>>, rules: PullRules): Platform | undefined {
  const text = rules.annotations.includes(platformKey) ? annotations[platformKey] : undefined;
  return text === undefined ? undefined : parsePlatform(text);
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
