import { statfsSync } from 'node:fs';
import { fail } from '../base/errors.ts';

const largestReserve = 1 << 30;
const reserveShare = 50;

/**
 * Keeps images from filling the disk that containers write to: a fiftieth of it, at most 1 GiB, is not theirs.
 * Errors: `resource_exhausted`.
 */
export function demandSpace(path: string): void {
  const { bavail, blocks, bsize } = statfsSync(path);
  const reserve = Math.min(largestReserve, (blocks * bsize) / reserveShare);
  if (bavail * bsize < reserve)
    throw fail(
      'resource_exhausted',
      `disk of ${path} has ${Math.floor((bavail * bsize) / 2 ** 20)} MiB left; free space on it`,
    );
}
