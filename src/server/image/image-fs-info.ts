import type { ImageFsInfoRequest, ImageFsInfoResponse } from '../../../api/cri/v1/api.ts';
import { nowNanos } from '../../base/clock.ts';
import type { Images } from '../../image/service.ts';
import type { Unary } from '../grpc/handlers.ts';

/** Images and writable layers stand on one file system, so the kubelet is told one. */
export function imageFsInfo(images: Images): Unary<ImageFsInfoRequest, ImageFsInfoResponse> {
  return async (_request, { signal }) => {
    const { mountpoint, usedBytes, usedInodes } = await images.filesystem(signal);
    const usage = {
      timestamp: nowNanos(),
      fsId: { mountpoint },
      usedBytes: { value: usedBytes },
      inodesUsed: { value: usedInodes },
    };
    return { imageFilesystems: [usage], containerFilesystems: [usage] };
  };
}
