import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { errnoOf } from '../../base/errors.ts';
import type { OverlayChange } from '../../linux/overlay-changes.ts';
import type { Parts } from '../parts.ts';
import type { Container } from '../store/store.ts';

const specSchema = z.object({ mounts: z.array(z.object({ destination: z.string() })) });

/** What a container did to the files of its image, without the mount points that were made for it. Waits for the disk. */
export async function containerChanges(
  parts: Pick<Parts, 'disk' | 'images' | 'paths'>,
  container: Container,
  signal: AbortSignal,
): Promise<readonly OverlayChange[]> {
  return (await partedChanges(parts, container, signal)).own;
}

/** The same, with the paths that are only there for mounts. */
export async function partedChanges(
  parts: Pick<Parts, 'disk' | 'images' | 'paths'>,
  { record }: Container,
  signal: AbortSignal,
): Promise<{ readonly own: readonly OverlayChange[]; readonly forMounts: readonly string[] }> {
  const at = parts.paths.container(record.id);
  const lower = parts.images
    .get(record.imageId)
    .layers.map(({ path }) => path)
    .reverse();
  const changes = await parts.disk.call('overlayChanges', { upper: at.upper, lower }, signal);
  const own = withoutMountPoints(changes, await mountPoints(at.spec));
  const kept = new Set(own);
  return { own, forMounts: changes.filter((change) => !kept.has(change)).map(({ path }) => path) };
}

/** A directory in which nothing but mount points was made is none of the container's doing either. */
export function withoutMountPoints(
  changes: readonly OverlayChange[],
  points: readonly string[],
): readonly OverlayChange[] {
  const made = new Set(points.flatMap((point) => [point, ...parentsOf(point)]));
  const own = changes.filter(({ kind, path }) => kind === 'D' || !made.has(path));
  const touched = new Set(own.flatMap(({ path }) => parentsOf(path)));
  return changes.filter(({ kind, path }) => kind === 'D' || !made.has(path) || touched.has(path));
}

function parentsOf(path: string): readonly string[] {
  const words = path.split('/').slice(1, -1);
  return words.map((_, index) => `/${words.slice(0, index + 1).join('/')}`);
}

/** None where the bundle is gone: after a reboot. */
async function mountPoints(spec: string): Promise<readonly string[]> {
  try {
    return specSchema.parse(JSON.parse(await readFile(spec, 'utf8'))).mounts.map(({ destination }) => destination);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
