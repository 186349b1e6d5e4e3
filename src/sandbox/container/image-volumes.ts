import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, messageOf } from '../../base/errors.ts';
import type { ImageId } from '../../base/ids.ts';
import type { Image } from '../../image/service.ts';
import type { Shift } from '../../linux/shifted.ts';
import type { BindMount } from '../oci/spec/input.ts';
import type { Parts } from '../parts.ts';
import { contextOf } from '../selinux/labels.ts';
import type { SelinuxLabels } from '../selinux/labels.ts';
import type { ContainerConfig, ContainerRecord } from './record.ts';
import { privateBind } from './seed-volumes.ts';
import { staged } from './shifted.ts';

/** The images that the container's mounts name, once each. Errors: `failed_precondition` for one that is not here. */
export function imagesOfVolumes(
  parts: Pick<Parts, 'images'>,
  config: ContainerConfig,
): Pick<ContainerRecord, 'volumeImages' | 'volumeRefs'> {
  const names = config.mounts.flatMap(({ image }) => (image === undefined ? [] : [image.name]));
  const images = names.map((name) => ({ name, image: requireImage(parts, name) }));
  return {
    volumeImages: [...new Set(images.map(({ image }) => image.id))],
    volumeRefs: Object.fromEntries(images.map(({ name, image }) => [name, image.repoDigests[0] ?? image.id])),
  };
}

/**
 * Image volumes (KEP-4639): the layers of an image over each other, read-only, or what stands below a sub path of
 * them. They are mounted beside the bundle, as containers with other lives may mount the same image.
 * Errors: `failed_precondition` for an image that is not here, `not_found` for an absent sub path.
 */
export async function mountImageVolumes(
  parts: Pick<Parts, 'disk' | 'images' | 'paths'>,
  record: ContainerRecord,
  { shift, labels }: { readonly shift: Shift | undefined; readonly labels: SelinuxLabels },
  signal: AbortSignal,
): Promise<readonly BindMount[]> {
  const { images: directory, staging } = parts.paths.container(record.id);
  const mounts = record.config.mounts.flatMap((mount) =>
    mount.image === undefined ? [] : [{ ...mount.image, containerPath: mount.containerPath, options: mount.options }],
  );
  if (mounts.length === 0) return [];
  const bottom = ['none', 'nothing'].map((name) => join(directory, name));
  for (const empty of bottom) await mkdir(empty, { recursive: true, mode: 0o755 });
  const places = new Map<ImageId, string>();
  for (const id of record.volumeImages) {
    const target = join(directory, String(places.size));
    places.set(id, target);
    try {
      const lower = layersOf(parts.images.get(id));
      const mount = { lower, bottom, target, shift: staged(shift, staging), ...contextOf(labels) };
      await parts.disk.call('mountLayers', mount, signal);
    } catch (error) {
      throw fail('failed_precondition', `ImageVolumeMountFailed: image ${id}: ${messageOf(error)}`, error);
    }
  }
  return Promise.all(
    mounts.map(async ({ name, subPath, containerPath, options }) => {
      const root = places.get(requireImage(parts, name).id) ?? directory;
      const found = await parts.disk.call('pathInRoot', { root, path: subPath }, signal);
      if (found === undefined)
        throw fail(
          'not_found',
          `ImageVolumeMountFailed: image ${name} has no path ${JSON.stringify(subPath)} for ${containerPath}; look at image_sub_path`,
        );
      return { ...privateBind(found, containerPath, true), options };
    }),
  );
}

/** The prefix is what the kubelet looks for: the pod then waits with that reason (staging/cri-api/pkg/errors). */
function requireImage({ images }: Pick<Parts, 'images'>, name: string): Image {
  const image = images.find(name);
  if (image === undefined)
    throw fail(
      'failed_precondition',
      `ImageVolumeMountFailed: image ${JSON.stringify(name)} is not here; pull it first`,
    );
  return image;
}

/** Top first. Below them go two empty ones: the kernel wants two where nothing is to be written. */
const layersOf = ({ layers }: Image) => layers.map(({ path }) => path).reverse();
