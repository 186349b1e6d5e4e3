import { z } from 'zod';
import type { Image } from '../../../image/service.ts';
import type { Parts } from '../../../sandbox/parts.ts';
import type { Container } from '../../../sandbox/store/store.ts';
import type { Verb } from '../verb.ts';

export const diskUsagePath = '/v1/images/df';

const image = z.object({
  ...{ id: z.string(), tags: z.array(z.string()), created: z.string(), added: z.string() },
  /** Bytes: of all its layers; of those that other images have too; of those that go when it goes. */
  ...{ bytes: z.number(), sharedBytes: z.number(), uniqueBytes: z.number() },
  ...{ containers: z.number(), pinned: z.boolean() },
});
const container = z.object({
  ...{ id: z.string(), name: z.string(), pod: z.string(), namespace: z.string(), state: z.string() },
  /** What it wrote: its layer and the volumes of its image. */
  bytes: z.number(),
});
export const diskUsageAnswer = z.object({
  images: z.array(image),
  containers: z.array(container),
  /** Each layer counted once. */
  layerBytes: z.number(),
  /** Layers that only images need which no container uses and nobody pinned. */
  reclaimableBytes: z.number(),
});
export type DiskUsage = z.output<typeof diskUsageAnswer>;

type DiskUsageParts = Pick<Parts, 'disk' | 'images' | 'paths' | 'store'>;

/** GET /v1/images/df : what images and the writable layers of containers take on disk. */
export function diskUsageVerb(parts: DiskUsageParts): Verb {
  return {
    method: 'GET',
    path: diskUsagePath,
    async run(_request, signal): Promise<DiskUsage> {
      const { usedBytes } = await parts.images.filesystem(signal);
      return {
        images: imageUsage(parts.images),
        containers: await containerUsage(parts, signal),
        layerBytes: Number(usedBytes),
        reclaimableBytes: bytesFreed(
          parts.images,
          parts.images.list().filter((one) => isUnused(parts.images, one)),
        ),
      };
    },
  };
}

export const isUnused = (images: Pick<Parts['images'], 'holders'>, { id, pinned }: Image): boolean =>
  !pinned && images.holders(id).length === 0;

/** What goes from the disk with these images: layers that no other image has. */
export function bytesFreed(images: Pick<Parts['images'], 'list'>, going: readonly Image[]): number {
  const ids = new Set(going.map(({ id }) => id));
  const kept = new Set(
    images.list().flatMap(({ id, layers }) => (ids.has(id) ? [] : layers.map(({ diffId }) => diffId))),
  );
  const freed = new Map(going.flatMap(({ layers }) => layers.map(({ diffId, bytes }) => [diffId, bytes])));
  return [...freed].reduce((sum, [diffId, bytes]) => sum + (kept.has(diffId) ? 0 : bytes), 0);
}

function imageUsage(images: Parts['images']): DiskUsage['images'] {
  const users = new Map<string, number>();
  for (const { layers } of images.list())
    for (const { diffId } of layers) users.set(diffId, (users.get(diffId) ?? 0) + 1);
  return images.list().map(({ id, repoTags, created, added, layers, pinned }) => {
    const sum = (some: Image['layers']) => some.reduce((total, { bytes }) => total + bytes, 0);
    const bytes = sum(layers);
    const sharedBytes = sum(layers.filter(({ diffId }) => (users.get(diffId) ?? 0) > 1));
    return {
      ...{ id, tags: [...repoTags], created, added, bytes, sharedBytes, uniqueBytes: bytes - sharedBytes },
      ...{ containers: images.holders(id).length, pinned },
    };
  });
}

async function containerUsage(parts: DiskUsageParts, signal: AbortSignal): Promise<DiskUsage['containers']> {
  const { disk, paths, store } = parts;
  const containers: readonly Container[] = [...store.containers.values()];
  const places = containers.flatMap(({ record }) => [
    paths.container(record.id).upper,
    paths.container(record.id).volumes,
  ]);
  const sizes = await disk.call('treeSizes', places, signal);
  return containers.map(({ record, state }, index) => {
    const pod = store.pods.get(record.podId)?.record.config;
    return {
      ...{ id: record.id, name: record.config.name, pod: pod?.name ?? '', namespace: pod?.namespace ?? '' },
      state: state.kind,
      bytes: (sizes[2 * index]?.bytes ?? 0) + (sizes[2 * index + 1]?.bytes ?? 0),
    };
  });
}
