import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Catalog } from './catalog.ts';
import type { Image } from './image.ts';
import type { Digest } from './reference/digest.ts';
import type { LayerStore } from './store/layers.ts';

export interface ExamineDeps {
  readonly catalog: Catalog;
  readonly layers: LayerStore;
  readonly log: Logger;
  readonly pull: (name: string, signal: AbortSignal) => Promise<Image>;
}

/** What reading every layer has shown. */
export interface Examination {
  readonly layers: number;
  /** Layers that nothing tells the right content of. */
  readonly unknown: number;
  readonly corrupt: readonly CorruptLayer[];
  /** Images that had a corrupt layer: pulled again, or why not. */
  readonly images: readonly MendedImage[];
}

export interface CorruptLayer {
  readonly diffId: Digest;
  readonly reason: string;
  /** Where it is kept until the next start of the machine: containers may still run on it. */
  readonly quarantine: string;
}

export interface MendedImage {
  readonly id: string;
  readonly names: readonly string[];
  /** Empty: it is here again. */
  readonly error: string;
}

/**
 * Reads every layer and compares it with its digest. A corrupt one is put aside, the images that had it are no longer
 * here, and each is pulled again under the digest it had.
 */
export async function examineImages(deps: ExamineDeps, signal: AbortSignal): Promise<Examination> {
  const all = [...deps.layers.all()];
  const corrupt: CorruptLayer[] = [];
  const lost = new Map<string, Image>();
  let unknown = 0;
  for (const { diffId } of all) {
    signal.throwIfAborted();
    const health = await deps.layers.examine(diffId, signal);
    if (health.kind === 'unknown') unknown += 1;
    if (health.kind !== 'corrupt') continue;
    for (const image of await deps.catalog.forget(diffId, signal)) lost.set(image.id, image);
    const quarantine = await deps.layers.quarantine(diffId);
    corrupt.push({ diffId, reason: health.reason, quarantine });
    deps.log.error({ layer: diffId, reason: health.reason, quarantine }, 'image layer is corrupt: put aside');
  }
  const images: MendedImage[] = [];
  for (const image of lost.values()) images.push(await pullAgain(deps, image, signal));
  return { layers: all.length, unknown, corrupt, images };
}

async function pullAgain(deps: ExamineDeps, image: Image, signal: AbortSignal): Promise<MendedImage> {
  const { id, repoTags, repoDigests } = image;
  const told = { id, names: [...repoTags, ...repoDigests] };
  // By a tag it could be another image by now.
  const [name] = repoDigests;
  if (name === undefined) return { ...told, error: 'it came from no registry; import it again' };
  try {
    const again = await deps.pull(name, signal);
    for (const tag of repoTags) await deps.catalog.tag(again.id, tag, signal);
    return { ...told, error: '' };
  } catch (error) {
    return { ...told, error: messageOf(error) };
  }
}
