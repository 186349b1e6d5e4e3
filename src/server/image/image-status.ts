import type { ImageStatusRequest, ImageStatusResponse } from '../../../api/cri/v1/api.ts';
import type { Image } from '../../image/image.ts';
import type { Images } from '../../image/service.ts';
import type { Unary } from '../grpc/handlers.ts';
import { encodeImage } from './encode.ts';
import { imageNameIn } from './spec.ts';
import type { Handlers } from './spec.ts';

/** An absent image is answered with no image and no error: so the kubelet asks whether to pull. */
export function imageStatus(images: Images, handlers: Handlers): Unary<ImageStatusRequest, ImageStatusResponse> {
  return async ({ image: spec, verbose }) => {
    const image = images.find(imageNameIn(spec, handlers));
    if (image === undefined) return { image: undefined, info: {} };
    return { image: encodeImage(image), info: verbose ? imageInfo(image) : {} };
  };
}

/**
 * `imageSpec` is an OCI image configuration, in its own spelling: where people look for the entrypoint. Sizes are bytes
 * on disk, shared ones included.
 */
function imageInfo({ config, layers, size, created }: Image): Record<string, string> {
  const imageSpec = {
    created,
    config: {
      User: config.user,
      Env: config.env,
      Entrypoint: config.entrypoint,
      Cmd: config.cmd,
      WorkingDir: config.workingDir,
      StopSignal: config.stopSignal,
      Labels: config.labels,
      ExposedPorts: asSet(config.exposedPorts),
      Volumes: asSet(config.volumes),
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  };
  const sizes = layers.map(({ diffId, bytes }) => ({ diffId, size: bytes.toString() }));
  return { info: JSON.stringify({ size: size.toString(), imageSpec, layers: sizes }) };
}

const asSet = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, {}]));
