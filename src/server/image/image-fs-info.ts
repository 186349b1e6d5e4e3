import { stat, statfs } from 'node:fs/promises';
import type { FilesystemUsage, ImageFsInfoRequest, ImageFsInfoResponse } from '../../../api/cri/v1/api.ts';
import { nowNanos } from '../../base/clock.ts';
import type { Parts } from '../../sandbox/parts.ts';
import type { Unary } from '../grpc/handlers.ts';

/**
 * Where images and where writable layers stand. On one file system the kubelet is told the same of both; where the
 * folder of the containers is a mount of its own, what is taken on that (KEP-4191).
 */
export function imageFsInfo(parts: Pick<Parts, 'images' | 'paths'>): Unary<ImageFsInfoRequest, ImageFsInfoResponse> {
  return async (_request, { signal }) => {
    const { mountpoint, usedBytes, usedInodes } = await parts.images.filesystem(signal);
    const ofImages = usage(mountpoint, usedBytes, usedInodes);
    const containers = parts.paths.containerRecords;
    const [one, other] = await Promise.all([stat(mountpoint), stat(containers)]);
    const ofContainers = one.dev === other.dev ? ofImages : await usageOfDisk(containers);
    return { imageFilesystems: [ofImages], containerFilesystems: [ofContainers] };
  };
}

async function usageOfDisk(path: string): Promise<FilesystemUsage> {
  const { blocks, bfree, bsize, files, ffree } = await statfs(path, { bigint: true });
  return usage(path, (blocks - bfree) * bsize, files - ffree);
}

const usage = (mountpoint: string, bytes: bigint, inodes: bigint): FilesystemUsage => ({
  timestamp: nowNanos(),
  fsId: { mountpoint },
  usedBytes: { value: bytes },
  inodesUsed: { value: inodes },
});
