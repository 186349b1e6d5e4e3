import { join, posix } from 'node:path';
import { allEnded } from '../../base/all-ended.ts';
import type { Image } from '../../image/service.ts';
import type { BindMount } from '../oci/spec/input.ts';
import type { Parts } from '../parts.ts';
import type { ContainerRecord } from './record.ts';

/**
 * A directory for each VOLUME of the image that no mount of the container's takes the place of, holding what the
 * image has there. It lives and goes with the container, as the field does for the volumes of OCI's `config.Volumes`.
 */
export async function seedVolumes(
  parts: Pick<Parts, 'disk' | 'paths'>,
  record: ContainerRecord,
  { image, owner }: { readonly image: Pick<Image, 'config'>; readonly owner: { uid: number; gid: number } },
  signal: AbortSignal,
): Promise<readonly BindMount[]> {
  const { rootfs, volumes } = parts.paths.container(record.id);
  const taken = new Set(record.config.mounts.map(({ containerPath }) => normal(containerPath)));
  const wanted = [...new Set(image.config.volumes.map(normal))].filter((path) => path !== '/' && !taken.has(path));
  return allEnded(
    wanted.map(async (path, index) => {
      const to = join(volumes, String(index));
      await parts.disk.call('seedDirectory', { root: rootfs, path, to, owner }, signal);
      return privateBind(to, path, false);
    }),
  );
}

const normal = (path: string) => posix.resolve('/', path);

export const privateBind = (hostPath: string, containerPath: string, readonly: boolean): BindMount => ({
  ...{ hostPath, containerPath, readonly, recursiveReadonly: false, propagation: 'private' },
  ...{ options: [], uidMappings: [], gidMappings: [] },
});
