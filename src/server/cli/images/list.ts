import { ImageServiceService } from '../../../../api/cri/v1/api.ts';
import type { Image } from '../../../../api/cri/v1/api.ts';
import { callCri } from '../cri-call.ts';
import { loadSettings } from '../settings.ts';
import type { SettingFlags } from '../settings.ts';
import { bytes, json, table } from '../terminal.ts';
import type { Terminal } from '../terminal.ts';

export async function listImages(flags: SettingFlags, format: 'table' | 'json', terminal: Terminal): Promise<void> {
  const { socket } = await loadSettings(flags);
  const call = { socket, timeoutMs: 30_000, signal: terminal.signal };
  const { images } = await callCri(ImageServiceService.listImages, { filter: undefined }, call);
  terminal.out(
    format === 'json' ? json(images.map(facts)) : table(['IMAGE', 'TAG', 'IMAGE ID', 'SIZE'], images.flatMap(rows)),
  );
}

/** What scripts read: stable names, sizes in bytes. */
function facts({ id, repoTags, repoDigests, size, pinned }: Image): object {
  return { id, tags: repoTags, digests: repoDigests, size: Number(size), pinned };
}

/** One row a tag; an image without any is shown by its digest or as <none>. */
function rows(image: Image): readonly (readonly string[])[] {
  const id = image.id.replace(/^sha256:/, '').slice(0, 12);
  const size = bytes(image.size);
  if (image.repoTags.length === 0) return [[image.repoDigests[0]?.split('@')[0] ?? '<none>', '<none>', id, size]];
  return image.repoTags.map((reference) => {
    const colon = reference.lastIndexOf(':');
    return [reference.slice(0, colon), reference.slice(colon + 1), id, size];
  });
}
